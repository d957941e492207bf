import { describe, expect, it } from 'vitest'
import { isChannelName, isUserId } from '../../channels/name.ts'

describe('a channel name', () => {
  it.each([
    'a',
    'private-App.Models.User.5',
    'AZaz09_-=@,.;',
    '#server-to-user-7',
    '#server-to-user-a.b@c',
    '#resound-canary-0123456789abcdef',
    'x'.repeat(200),
  ])('may be %s', (name) => {
    expect(isChannelName(name, 200)).toBe(true)
  })

  it.each([
    ['nothing', ''],
    ['longer than the limit', 'x'.repeat(201)],
    ['a space', 'a b'],
    ['a slash', 'a/b'],
    ['a colon, which separates what is signed', 'a:b'],
    ['an asterisk', 'a*'],
    ['a quotation mark', 'a"b'],
    ['a backslash', 'a\\b'],
    ['a line break in it', 'a\nb'],
    ['a line break after it', 'a\n'],
    ['a NUL', 'a\0'],
    ['a letter beyond ASCII', 'caf\u00e9'],
    ['a lone surrogate', 'a\ud800'],
    ['# alone', '#'],
    ['# before a name that is not reserved', '#news'],
    ['# not at the start', 'a#b'],
    ['two of #', '##server-to-user-7'],
    ['server-to-user without a user', '#server-to-user-'],
    ['a canary without a number', '#resound-canary-'],
    ['a canary with more', '#resound-canary-0123456789abcdef0'],
    ['a canary with something else', '#resound-canary-0123456789abcdeX'],
  ])('may not be or hold %s', (_what, name) => {
    expect(isChannelName(name, 200)).toBe(false)
  })
})

describe('the id of a signed-in user', () => {
  it.each(['7', 'ann', 'ann@example.com', 'x'.repeat(128)])('may be %s', (id) => {
    expect(isUserId(id)).toBe(true)
  })

  it.each(['', 'a b', 'a/b', '#7', 'a\n', 'x'.repeat(129)])('may not be %j', (id) => {
    expect(isUserId(id)).toBe(false)
  })
})
