import { describe, expect, it } from 'vitest'
import { isLike } from '../src/wildcard.ts'

describe('a text', () => {
  it.each([
    ['orders', 'orders'],
    ['orders', '*'],
    ['', '*'],
    ['private-orders.1', 'private-*'],
    ['private-orders.1', '*.1'],
    ['private-orders.1', '*orders*'],
    ['private-orders.1', 'private-*.*'],
    ['aXbXc', 'a*b*c'],
  ])('%s is like %s', (text, pattern) => expect(isLike(text, pattern)).toBe(true))

  it.each([
    ['orders', 'order'],
    ['orders', ''],
    ['a', 'a*a'],
    ['private-orders.1', 'presence-*'],
    ['abc', '*b'],
    ['acb', 'a*b*c'],
  ])('%s is not like %s', (text, pattern) => expect(isLike(text, pattern)).toBe(false))

  it('is not passed over where there is a barrier', () => {
    expect(isLike('a/b', 'a*b', '/')).toBe(false)
    expect(isLike('a.b', 'a*b', '/')).toBe(true)
  })

  it('of many letters is compared with many stars in no time', () => {
    const begun = performance.now()
    expect(isLike('a'.repeat(10_000), `${'*a'.repeat(1000)}b`)).toBe(false)
    expect(performance.now() - begun).toBeLessThan(1000)
  })
})
