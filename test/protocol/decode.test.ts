import { describe, expect, it } from 'vitest'
import { decode } from '../../src/protocol/decode.ts'

const event = (name: string, data?: unknown, more: object = {}) =>
  decode(JSON.stringify({ event: name, data, ...more }))

describe('a frame', () => {
  it.each([
    ['ping as pusher-js sends it', '{"event":"pusher:ping","data":{}}', 'ping'],
    ['ping without data, as Java sends it', '{"event":"pusher:ping"}', 'ping'],
    ['ping with text', '{"event":"pusher:ping","data":"{}"}', 'ping'],
    ['pong', '{"event":"pusher:pong","data":{}}', 'pong'],
    ['an event of a newer protocol', '{"event":"pusher:wave","data":{}}', 'unknown'],
    ['what only a server says', '{"event":"pusher_internal:member_added"}', 'unknown'],
    ['a name that is no client event', '{"event":"xclient-y","channel":"private-a"}', 'unknown'],
    ['a name in capitals', '{"event":"Client-y","channel":"private-a"}', 'unknown'],
    ['an empty name', '{"event":""}', 'unknown'],
    ['space around it', ' \n{ "event" : "pusher:ping" }\t', 'ping'],
  ])('is read: %s', (_what, text, type) => {
    expect(decode(text)).toEqual({ type })
  })

  it.each([
    ['nothing', ''],
    ['no JSON', 'hello'],
    ['half of an object', '{"event":"pusher:ping"'],
    ['two objects', '{"event":"pusher:ping"}{}'],
    ['a number', '7'],
    ['null', 'null'],
    ['text', '"pusher:ping"'],
    ['a list', '[{"event":"pusher:ping"}]'],
    ['a byte order mark', '\ufeff{"event":"pusher:ping"}'],
    ['65,000 opening brackets', '['.repeat(65_000)],
    ['65,000 brackets, closed', '['.repeat(32_500) + ']'.repeat(32_500)],
  ])('is malformed when it is %s', (_what, text) => {
    expect(decode(text)).toEqual({ type: 'malformed', reason: 'A message is a JSON object.' })
  })

  it.each([
    ['absent', '{}'],
    ['null', '{"event":null}'],
    ['a number', '{"event":7}'],
    ['an object', '{"event":{"toString":"pusher:ping"}}'],
    ['a list', '{"event":["pusher:ping"]}'],
    ['inherited, not its own', '{"__proto__":{"event":"pusher:ping"}}'],
    ["the constructor's", '{"constructor":{"event":"pusher:ping"}}'],
  ])('is malformed when its event is %s', (_what, text) => {
    expect(decode(text)).toEqual({
      type: 'malformed',
      reason: 'A message has a string "event".',
    })
  })
})

describe('pusher:subscribe', () => {
  it('ignores what it does not know', () => {
    const newer = { rewind: 10, delta: true, filter: { cmp: 'eq' }, channel: 'a' }
    expect(event('pusher:subscribe', newer, { id: 7, channel: 'b' })).toEqual({
      type: 'subscribe',
      channel: 'a',
      auth: undefined,
      channelData: undefined,
    })
  })

  it('names a channel, with what signs it as the text received', () => {
    const channelData = '{"user_id":"7","user_info":"\\/"}'
    expect(
      event('pusher:subscribe', { auth: 'k:s', channel_data: channelData, channel: 'presence-a' }),
    ).toEqual({ type: 'subscribe', channel: 'presence-a', auth: 'k:s', channelData })
  })

  it.each([
    ['only a channel', { channel: 'a' }, undefined],
    ['an empty auth, as pusher-js sends for public channels', { channel: 'a', auth: '' }, ''],
    ['nulls, as typed languages send', { channel: 'a', auth: null, channel_data: null }, undefined],
  ])('may have %s', (_what, data, auth) => {
    expect(event('pusher:subscribe', data)).toEqual({
      type: 'subscribe',
      channel: 'a',
      auth,
      channelData: undefined,
    })
  })

  it('may have its data as JSON text', () => {
    expect(event('pusher:subscribe', '{"channel":"a"}')).toMatchObject({
      type: 'subscribe',
      channel: 'a',
    })
  })

  const NEEDS_CHANNEL = 'pusher:subscribe needs a string "channel".'
  it.each([
    ['no data', undefined, NEEDS_CHANNEL],
    ['null for data', null, NEEDS_CHANNEL],
    ['a number for data', 7, NEEDS_CHANNEL],
    ['a list for data', ['a'], NEEDS_CHANNEL],
    ['text that is not JSON', 'a', NEEDS_CHANNEL],
    ['text of text', '"{}"', NEEDS_CHANNEL],
    ['no channel', {}, NEEDS_CHANNEL],
    ['a number for channel', { channel: 7 }, NEEDS_CHANNEL],
    ['null for channel', { channel: null, auth: null }, NEEDS_CHANNEL],
    ['a list for channel', { channel: ['a'] }, NEEDS_CHANNEL],
    ['a number for auth', { channel: 'a', auth: 7 }, 'pusher:subscribe takes "auth" as a string.'],
    ['a list for auth', { channel: 'a', auth: [] }, 'pusher:subscribe takes "auth" as a string.'],
    [
      'an object for channel_data',
      { channel: 'presence-a', auth: 'k:s', channel_data: { user_id: '7' } },
      'pusher:subscribe takes "channel_data" as JSON text, not as an object.',
    ],
  ])('is malformed with %s', (_what, data, reason) => {
    expect(event('pusher:subscribe', data)).toEqual({ type: 'malformed', reason })
  })
})

describe('pusher:unsubscribe', () => {
  it('names a channel', () => {
    expect(event('pusher:unsubscribe', { channel: 'a' })).toEqual({
      type: 'unsubscribe',
      channel: 'a',
    })
  })

  it.each([[undefined], [null], [7], [{}], [{ channel: 7 }], [{ channel: null }], [[]]])(
    'is malformed with %j for data',
    (data) => {
      expect(event('pusher:unsubscribe', data)).toEqual({
        type: 'malformed',
        reason: 'pusher:unsubscribe needs a string "channel".',
      })
    },
  )
})

describe('pusher:signin', () => {
  it('carries user_data as the text received', () => {
    expect(event('pusher:signin', { auth: 'k:s', user_data: '{"id": "7"}' })).toEqual({
      type: 'signin',
      auth: 'k:s',
      userData: '{"id": "7"}',
    })
  })

  it.each([
    [undefined],
    [{}],
    [{ auth: 'k:s' }],
    [{ user_data: '{}' }],
    [{ auth: 7, user_data: '{}' }],
    [{ auth: 'k:s', user_data: { id: '7' } }],
    [{ auth: null, user_data: null }],
  ])('is malformed with %j for data', (data) => {
    expect(event('pusher:signin', data)).toEqual({
      type: 'malformed',
      reason: 'pusher:signin needs "auth" and "user_data" as strings.',
    })
  })
})

describe('a client event', () => {
  const data = (value: unknown) => event('client-x', value, { channel: 'private-a' })

  it.each([
    ['text', 'hello', 'hello'],
    ['JSON text', '{"a": 1}', '{"a": 1}'],
    ['an object', { a: [1, { b: null }] }, '{"a":[1,{"b":null}]}'],
    ['a number', 0, '0'],
    ['false', false, 'false'],
    ['null', null, 'null'],
    ['nothing', undefined, 'null'],
  ])('carries text, made of %s', (_what, value, text) => {
    expect(data(value)).toEqual({
      type: 'client-event',
      event: 'client-x',
      channel: 'private-a',
      data: text,
    })
  })

  it('keeps a key that objects have', () => {
    const text = '{"event":"client-x","channel":"private-a","data":{"__proto__":{"a":1}}}'
    expect(decode(text)).toMatchObject({ data: '{"__proto__":{"a":1}}' })
  })

  it('does not carry a user_id: that is for the server to say', () => {
    expect(event('client-x', {}, { channel: 'presence-a', user_id: '7' })).toEqual({
      type: 'client-event',
      event: 'client-x',
      channel: 'presence-a',
      data: '{}',
    })
  })

  it.each([[undefined], [null], [7], [['private-a']], [{}]])(
    'is malformed with %j for channel',
    (channel) => {
      expect(event('client-x', {}, { channel })).toEqual({
        type: 'malformed',
        reason: 'A client event needs a string "channel".',
      })
    },
  )

  it('is malformed when its data is nested too deeply to be written out again', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    expect(decode(`{"event":"client-x","channel":"private-a","data":${deep}}`)).toEqual({
      type: 'malformed',
      reason: 'The data of this client event is nested too deeply.',
    })
  })
})
