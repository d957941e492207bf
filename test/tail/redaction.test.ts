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
  ])('is shown without the value of %s, whatever that is', (name) => {
    const hidden = { [name]: '[redacted]' }
    expect(shown({ [name]: 'x' })).toEqual(hidden)
    expect(shown([{ deep: { [name]: { all: ['of', 'it'] } } }])).toEqual([{ deep: hidden }])
  })

  it.each(['name', 'spinner', 'author', 'authorId', 'opinion', 'keyboard'])(
    'is shown with the value of %s',
    (name) => expect(shown({ [name]: 'x' })).toEqual({ [name]: 'x' }),
  )

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
