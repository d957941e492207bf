import { expect, it } from 'vitest'
import { nearest } from '../../src/config/nearest.ts'

it.each([
  ['prot', 'port'],
  ['hots', 'host'],
  ['pathprefix', 'pathPrefix'],
  ['ports', 'port'],
])('takes %s for %s', (word, meant) => {
  expect(nearest(word, ['host', 'port', 'pathPrefix'])).toBe(meant)
})

it('takes what resembles nothing for nothing', () => {
  expect(nearest('webhooks', ['host', 'port', 'pathPrefix'])).toBeUndefined()
})
