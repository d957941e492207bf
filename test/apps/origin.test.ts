import { describe, expect, it } from 'vitest'
import { allowsAnyHost, isAllowedOrigin } from '../../src/apps/origin.ts'
import { seeded } from '../support/seeded.ts'

describe('an origin', () => {
  it.each([
    // pattern, origin
    ['*', 'https://anything.example'],
    ['https://app.example.com', 'https://app.example.com'],
    ['https://App.Example.com', 'https://app.example.com'],
    ['https://app.example.com', 'https://APP.example.com'],
    ['https://app.example.com:8443', 'https://app.example.com:8443'],
    ['https://*.example.com', 'https://app.example.com'],
    ['https://*.example.com', 'https://a.b.example.com'],
    ['https://*', 'https://app.example.com:8443'],
    ['http://localhost:*', 'http://localhost:5173'],
    ['app.example.com', 'http://app.example.com'],
    ['app.example.com', 'https://app.example.com'],
    ['app.example.com', 'https://app.example.com:8443'],
    ['app.example.com', 'capacitor://app.example.com'],
    ['localhost:5173', 'http://localhost:5173'],
    ['*.example.com', 'https://app.example.com'],
    ['[::1]', 'http://[::1]:8080'],
    ['null', 'null'],
  ])('matches %s when it is %s', (pattern, origin) => {
    expect(isAllowedOrigin(origin, [pattern])).toBe(true)
  })

  it.each([
    ['https://app.example.com', 'http://app.example.com'],
    ['https://app.example.com', 'https://app.example.com:8443'],
    ['https://app.example.com', 'https://app.example.com.evil.example'],
    ['https://app.example.com', 'https://evil.example/https://app.example.com'],
    ['https://app.example.com', 'https://appxexample.com'],
    ['https://*.example.com', 'https://example.com'],
    ['https://*.example.com', 'https://evilexample.com'],
    ['https://*.example.com', 'https://evil.example/x.example.com'],
    ['app.example.com', 'https://notapp.example.com'],
    ['app.example.com', 'https://app.example.com.evil.example'],
    ['app.example.com', 'https://evil.example?app.example.com'],
    ['localhost:5173', 'http://localhost:5174'],
    ['localhost:5173', 'http://localhost'],
    ['example.*', 'https://app.example.com'],
    ['app.example.com', 'null'],
  ])('does not match %s when it is %s', (pattern, origin) => {
    expect(isAllowedOrigin(origin, [pattern])).toBe(false)
  })

  it('is found not to match in no time, however many stars the pattern has', () => {
    const origin = `https://${'a'.repeat(16_000)}!`
    expect(isAllowedOrigin(origin, [`https://${'*a'.repeat(100)}b`])).toBe(false)
  })

  it('matches exactly what a regular expression of the pattern does', () => {
    const random = seeded(1)
    const text = (letters: string, most: number): string =>
      Array.from({ length: random(most) }, () => letters.charAt(random(letters.length))).join('')
    let matched = 0
    for (let round = 0; round < 20_000; round += 1) {
      const pattern = `x://${text('ab.*', 7)}`
      const origin = `x://${text('aab.', 7)}`
      const escaped = pattern.replaceAll('.', '\\.').replaceAll('*', '[^/]*')
      const expected = new RegExp(`^${escaped}$`).test(origin)
      expect(isAllowedOrigin(origin, [pattern]), `${pattern} and ${origin}`).toBe(expected)
      if (expected) matched += 1
    }
    expect(matched).toBeGreaterThan(100)
  })

  it('matches when any of the patterns does, and none when there are none', () => {
    expect(isAllowedOrigin('https://b', ['https://a', 'https://b'])).toBe(true)
    expect(isAllowedOrigin('https://b', [])).toBe(false)
  })
})

describe('a list of origins keeps no host out', () => {
  it.each(['*', 'https://*', '*:*', 'http://*:8000', '*.*', '**', '*://*'])(
    'with %s',
    (pattern) => {
      expect(allowsAnyHost(['https://a.example', pattern])).toBe(true)
    },
  )

  it.each(['*.example.com', 'https://*.com', 'localhost:*', '*://localhost', 'app-*', 'null'])(
    'but does with %s',
    (pattern) => {
      expect(allowsAnyHost([pattern])).toBe(false)
    },
  )

  it('but does when it is empty', () => {
    expect(allowsAnyHost([])).toBe(false)
  })
})
