import { expect, it } from 'vitest'
import { isAllowedOrigin } from '../../src/apps/origin.ts'
import { correctedOrigin } from '../../src/config/origin-pattern.ts'
import { problemsIn } from '../support/reading.ts'

it.each([
  '*',
  'https://app.example.com',
  'https://app.example.com:8443',
  'http://localhost:*',
  'https://*.example.com',
  'app.example.com',
  'app.example.com:443',
  'capacitor://localhost',
  'https://[::1]:3000',
  'HTTPS://App.Example.COM',
  'null',
])('leaves %s as it is', (pattern) => {
  expect(correctedOrigin(pattern)).toBeUndefined()
})

it.each([
  ['https://app.example.com/', 'https://app.example.com', 'https://app.example.com'],
  ['https://app.example.com/chat?x=1#y', 'https://app.example.com', 'https://app.example.com'],
  ['https://*.example.com/*', 'https://*.example.com', 'https://a.example.com'],
  ['https://app.example.com:443', 'https://app.example.com', 'https://app.example.com'],
  ['http://app.example.com:80/', 'http://app.example.com', 'http://app.example.com'],
  ['app.example.com/', 'app.example.com', 'https://app.example.com'],
  [' https://app.example.com', 'https://app.example.com', 'https://app.example.com'],
  ['https://ann@app.example.com', 'https://app.example.com', 'https://app.example.com'],
  ['https://bücher.example:8443', 'https://xn--bcher-kva.example:8443', undefined],
  ['*.bücher.example', '*.xn--bcher-kva.example', 'https://a.xn--bcher-kva.example'],
])('corrects %j, which matches no page, to %s, which does', (pattern, corrected, origin) => {
  const page = origin ?? corrected
  expect(isAllowedOrigin(page, [pattern])).toBe(false)
  expect(correctedOrigin(pattern)).toBe(corrected)
  expect(isAllowedOrigin(page, [corrected])).toBe(true)
})

it.each(['https://', '/', ' '])('finds nothing to keep of %j', (pattern) => {
  expect(correctedOrigin(pattern)).toBe('')
})

it('stops the start, with what to write instead', () => {
  const app = { id: '1', key: 'k', secret: 's', allowedOrigins: ['*', 'https://a.example/', '/'] }
  expect(problemsIn({ files: { 'resound.json': { apps: [app] } } })).toEqual([
    expect.stringMatching(
      /^resound\.json:1:\d+: apps\[0\]\.allowedOrigins\[1\] matches no page, as an origin is scheme, host and port alone: write https:\/\/a\.example$/,
    ),
    expect.stringMatching(
      /^resound\.json:1:\d+: apps\[0\]\.allowedOrigins\[2\] matches no page, as an origin is scheme, host and port alone$/,
    ),
  ])
})
