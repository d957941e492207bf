import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../channels/secret.ts'

const SECRETS: readonly [what: string, secret: string][] = [
  ['a short secret', 's'],
  ['a secret of exactly one block', 'k'.repeat(64)],
  ['a secret longer than a block, which is hashed first', 'k'.repeat(65)],
  ['a secret beyond ASCII', 'geheim-\u00fc\u20ac'],
]
const TEXTS: readonly string[] = [
  '',
  '1.1:private-orders',
  'x'.repeat(341), // the longest that is sure to fit the buffer
  'x'.repeat(342),
  '\u20ac\u{1f600}'.repeat(300),
]

describe.each(SECRETS)('%s', (_, secret) => {
  it.each(TEXTS)('signs as createHmac does', (text) => {
    const signature = createHmac('sha256', secret).update(text).digest('hex')
    expect(new Secret(secret).signed(text, signature)).toBe(true)
    expect(new Secret(`${secret}x`).signed(text, signature)).toBe(false)
    expect(new Secret(secret).signed(`${text}x`, signature)).toBe(false)
  })
})

it.each([
  ['upper case', (hex: string) => hex.toUpperCase()],
  ['cut short', (hex: string) => hex.slice(1)],
  ['too long', (hex: string) => `${hex}0`],
  ['characters whose low byte is right', (hex: string) => `\u0130${hex.slice(1)}`],
  ['empty', () => ''],
])('refuses a signature that is %s', (_, change) => {
  // A text whose signature begins with 0, which is the low byte of U+0130.
  const secret = 'secret'
  const sign = (text: string) => createHmac('sha256', secret).update(text).digest('hex')
  const text = Array.from({ length: 200 }, (_, n) => `text ${n}`).find((t) => sign(t)[0] === '0')
  expect(text).toBeDefined()
  expect(new Secret(secret).signed(text ?? '', sign(text ?? ''))).toBe(true)
  expect(new Secret(secret).signed(text ?? '', change(sign(text ?? '')))).toBe(false)
})

it('is not confused by what it signed before', () => {
  const secret = new Secret('secret')
  const sign = (text: string) => createHmac('sha256', 'secret').update(text).digest('hex')
  expect(secret.signed('a long text, and after it', sign('a long text, and after it'))).toBe(true)
  expect(secret.signed('short', sign('short'))).toBe(true)
})
