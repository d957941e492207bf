/** Each frame that Resound sends, letter for letter. */
import { describe, expect, it } from 'vitest'
import * as encode from '../../src/protocol/encode.ts'

describe('the frames', () => {
  it.each([
    [
      'connection_established',
      encode.connectionEstablished('123456.7890123', 120),
      '{"event":"pusher:connection_established","data":"{\\"socket_id\\":\\"123456.7890123\\",\\"activity_timeout\\":120}"}',
    ],
    [
      'error, the data an object',
      encode.error(4001, 'Application does not exist'),
      '{"event":"pusher:error","data":{"code":4001,"message":"Application does not exist"}}',
    ],
    ['pong', encode.PONG, '{"event":"pusher:pong","data":"{}"}'],
    [
      'subscription_succeeded',
      encode.subscriptionSucceeded('private-a'),
      '{"event":"pusher_internal:subscription_succeeded","channel":"private-a","data":"{}"}',
    ],
    [
      'subscription_error, the data an object',
      encode.subscriptionError('private-a', {
        reason: 'signature',
        type: 'AuthError',
        message: 'No.',
        status: 401,
      }),
      '{"event":"pusher:subscription_error","channel":"private-a","data":{"type":"AuthError","error":"No.","status":401}}',
    ],
    [
      'member_added',
      encode.memberAdded('presence-room', { userId: '9', userInfo: '{"name":"B"}' }),
      '{"event":"pusher_internal:member_added","channel":"presence-room","data":"{\\"user_id\\":\\"9\\",\\"user_info\\":{\\"name\\":\\"B\\"}}"}',
    ],
    [
      'member_removed',
      encode.memberRemoved('presence-room', '9'),
      '{"event":"pusher_internal:member_removed","channel":"presence-room","data":"{\\"user_id\\":\\"9\\"}"}',
    ],
    [
      'cache_miss',
      encode.cacheMiss('cache-a'),
      '{"event":"pusher:cache_miss","channel":"cache-a","data":"{}"}',
    ],
    [
      'subscription_count',
      encode.subscriptionCount('my-channel', 42),
      '{"event":"pusher_internal:subscription_count","channel":"my-channel","data":"{\\"subscription_count\\":42}"}',
    ],
    [
      'signin_success, the data an object with the text received',
      encode.signinSuccess('{"id":"7", "watchlist":[]}'),
      '{"event":"pusher:signin_success","data":{"user_data":"{\\"id\\":\\"7\\", \\"watchlist\\":[]}"}}',
    ],
    [
      'watchlist_events, without a channel',
      encode.watchlistEvents([
        { name: 'online', userIds: ['9'] },
        { name: 'offline', userIds: ['11'] },
      ]),
      '{"event":"pusher_internal:watchlist_events","data":"{\\"events\\":[{\\"name\\":\\"online\\",\\"user_ids\\":[\\"9\\"]},{\\"name\\":\\"offline\\",\\"user_ids\\":[\\"11\\"]}]}"}',
    ],
    [
      'an event',
      encode.eventOn('my-channel', encode.eventFrame('App\\Events\\Shipped', '{"id":1}')),
      '{"event":"App\\\\Events\\\\Shipped","channel":"my-channel","data":"{\\"id\\":1}"}',
    ],
    [
      "a client event on a presence channel, with its sender's user_id",
      encode.eventOn('presence-a', encode.eventFrame('client-typing', '{"name":"x"}', '7')),
      '{"event":"client-typing","channel":"presence-a","data":"{\\"name\\":\\"x\\"}","user_id":"7"}',
    ],
  ])('say %s', (_what, frame, expected) => {
    expect(frame).toBe(expected)
  })
})

describe('whatever text a client or an app gives', () => {
  const hostile = '"\\\n\r\t\0\u2028\ud800</script>\u00e9\ud83d\ude00'

  it.each([
    ['an event name', encode.eventOn('a', encode.eventFrame(hostile, '')), ['event']],
    ['event data', encode.eventOn('a', encode.eventFrame('e', hostile)), ['data']],
    ['a user id', encode.eventOn('a', encode.eventFrame('e', '', hostile)), ['user_id']],
    ['an error message', encode.error(4300, hostile), ['data', 'message']],
    ['user_data', encode.signinSuccess(hostile), ['data', 'user_data']],
    [
      'the name of a channel that was refused',
      encode.subscriptionError(hostile, {
        reason: 'name',
        type: 'InvalidChannel',
        message: '',
        status: 4009,
      }),
      ['channel'],
    ],
  ])('reaches the other side as it is: %s', (_what, frame, path) => {
    expect(JSON.parse(frame)).toHaveProperty(path, hostile)
    expect(Buffer.from(frame).toString('utf8'), 'well-formed UTF-8').toBe(frame)
  })

  it('reaches the other side as it is: a user id inside data', () => {
    for (const frame of [
      encode.memberAdded('presence-a', { userId: hostile, userInfo: JSON.stringify(hostile) }),
      encode.memberRemoved('presence-a', hostile),
    ]) {
      const { data } = JSON.parse(frame)
      expect(JSON.parse(data)).toMatchObject({ user_id: hostile })
    }
  })
})
