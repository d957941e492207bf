import { describe, expect, it } from 'vitest'
import { redacted } from '../../src/tail/redaction.ts'

const shown = (data: unknown): unknown => JSON.parse(redacted('news', JSON.stringify(data)))

describe('the data of an event', () => {
  it.each([
    'password',
    'Password_Confirmation',
    'api_key',
    'apiKey',
    'x-api-key',
    'remember_token',
    'clientSecret',
    'Authorization',
    'session_id',
    'cvv',
    'PIN',
    'credit_card',
    'card-number',
    'jwt',
    'otp',
    'bearer',
    'pass',
    'passcode',
    'csrf',
    'signature',
  ])('is shown without the value of %s, whatever that is', (name) => {
    const hidden = { [name]: '[redacted]' }
    expect(shown({ [name]: 'x' })).toEqual(hidden)
    expect(shown([{ deep: { [name]: { all: ['of', 'it'] } } }])).toEqual([{ deep: hidden }])
  })

  it.each(['name', 'spinner', 'author', 'authorId', 'opinion', 'keyboard'])(
    'is shown with the value of %s',
    (name) => expect(shown({ [name]: 'x' })).toEqual({ [name]: 'x' }),
  )

  it.each([
    ['an object', { password: 'hunter2' }, { password: '[redacted]' }],
    ['a list', [{ otp: '123456' }], [{ otp: '[redacted]' }]],
    ['an object in a text', JSON.stringify({ jwt: 'hunter2' }), '{"jwt":"[redacted]"}'],
  ])('is read where a text in it is JSON: %s', (_what, inner, hidden) => {
    expect(shown({ inner: JSON.stringify(inner) })).toEqual({ inner: JSON.stringify(hidden) })
  })

  it('that is JSON in JSON too many times over is not shown', () => {
    let data: unknown = { password: 'hunter2' }
    for (let times = 0; times < 8; times += 1) data = { inner: JSON.stringify(data) }
    const text = redacted('news', JSON.stringify(data))
    expect(text).toContain('[redacted]')
    expect(text).not.toContain('hunter2')
  })

  it('is shown without what the query of an address in it has by such a name', () => {
    const url = (token: string, key: string) =>
      `see https://a.test/b?x=1&token=${token}&key=${key}#c`
    expect(shown({ url: url('abc', 'def') })).toEqual({ url: url('[redacted]', '[redacted]') })
    expect(shown({ text: 'is it? a=b & c=d' })).toEqual({ text: 'is it? a=b & c=d' })
  })

  it.each([
    ['signs of a query', '?&'.repeat(50_000)],
    ['one long name', `?${'a'.repeat(100_000)}`],
    ['braces', `{${'{'.repeat(100_000)}}`],
    ['names without a value', '&a'.repeat(50_000)],
  ])('of 100 kB of %s takes no longer than other data', (_what, text) => {
    const data = JSON.stringify({ text })
    const begun = performance.now()
    redacted('news', data)
    expect(performance.now() - begun).toBeLessThan(500)
  })

  it('is not shown where nothing says what of it is a secret', () => {
    expect(redacted('news', 'password=1')).toBe('[no JSON]')
    expect(redacted('private-encrypted-a', '{}')).toBe('[encrypted]')
    expect(redacted('news', JSON.stringify('x'.repeat(1_048_576)))).toBe('[too large to be shown]')
  })

  it('is cut off after 4096 characters', () => {
    const text = redacted('news', JSON.stringify('x'.repeat(5000)))
    expect(text).toBe(`"${'x'.repeat(4095)}...`)
  })

  it('that is nested more deeply than can be read is not shown', () => {
    expect(redacted('news', `${'['.repeat(100_000)}${']'.repeat(100_000)}`)).toBe('[no JSON]')
  })
})
