import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  decodeMessage,
  type IgnoredReason,
  type MessageLimits,
  refusalOf,
} from '../../src/laravel/message.ts'

const run = promisify(execFile)

const LIMITS: MessageLimits = { channelNameLength: 20, eventNameLength: 30, eventBytes: 100 }

const decode = (text: string | Buffer, limits = LIMITS) => decodeMessage(Buffer.from(text), limits)

/** The data that leaves for a message with this data. */
const dataFrom = (data: string): string => {
  const message = decode(`{"event":"e","data":${data},"socket":null}`, {
    ...LIMITS,
    eventBytes: 1_000_000,
  })
  if (!message.ok) throw new Error(`refused: ${message.reason}`)
  return message.data
}

describe('a message of Laravel’s redis driver', () => {
  it('becomes an event with its data as JSON text and without the socket id in it', () => {
    const payload = String.raw`{"event":"App\\Events\\OrderShipped","data":{"id":1,"socket":"12.34"},"socket":"12.34"}`
    expect(decode(payload)).toEqual({
      ok: true,
      event: String.raw`App\Events\OrderShipped`,
      data: '{"id":1}',
      exceptSocketId: '12.34',
    })
  })

  it('excludes nobody when it comes from Laravel 5.1, which names no socket', () => {
    expect(decode('{"event":"e","data":{"id":1}}')).toEqual({
      ok: true,
      event: 'e',
      data: '{"id":1}',
      exceptSocketId: undefined,
    })
  })

  it.each<[what: string, socket: string, excluded: string | undefined]>([
    ['a socket id', '"12.34"', '12.34'],
    ['the largest of ours', '"281474976710655.281474976710655"', '281474976710655.281474976710655'],
    ['null', 'null', undefined],
    ['the text undefined', '"undefined"', undefined],
    ['an empty text', '""', undefined],
    ['one number', '"12"', undefined],
    ['a number', '12.34', undefined],
    ['three numbers', '"1.2.3"', undefined],
    ['a socket id and a line break', '"12.34\\n"', undefined],
    ['digits that are not ASCII', '"١٢.٣٤"', undefined],
    ['an object', '{"id":"12.34"}', undefined],
    ['a list', '["12.34"]', undefined],
    ['a long text', `"${'1'.repeat(60)}.${'2'.repeat(60)}"`, undefined],
  ])('with %s as its socket is delivered, excluding accordingly', (_, socket, excluded) => {
    expect(decode(`{"event":"e","data":[],"socket":${socket}}`)).toEqual({
      ok: true,
      event: 'e',
      data: '[]',
      exceptSocketId: excluded,
    })
  })

  it.each<[what: string, payload: string | Buffer, reason: IgnoredReason]>([
    ['nothing', '', 'malformed'],
    ['text that is not JSON', 'hello', 'malformed'],
    ['unfinished JSON', '{"event":"e","data":{', 'malformed'],
    ['JSON and more', '{"event":"e","data":[]} {}', 'malformed'],
    ['null', 'null', 'malformed'],
    ['a number', '1', 'malformed'],
    ['a string', '"event"', 'malformed'],
    ['a list', '[{"event":"e","data":[]}]', 'malformed'],
    ['what Reverb publishes', '{"type":"message","application":"x","payload":{}}', 'malformed'],
    ['a keyspace notification', 'set', 'malformed'],
    ['no event', '{"data":[]}', 'malformed'],
    ['an event that is null', '{"event":null,"data":[]}', 'malformed'],
    ['an event that is an object', '{"event":{"a":1},"data":[]}', 'malformed'],
    ['an event in the prototype', '{"__proto__":{"event":"e","data":[]}}', 'malformed'],
    ['no data', '{"event":"e","socket":null}', 'malformed'],
    ['bytes that are not UTF-8', Buffer.from('{"event":"e","data":"\xff"}', 'latin1'), 'malformed'],
    ['random bytes', Buffer.from([0, 255, 254, 123, 34, 125, 0]), 'malformed'],
    ['an empty event name', '{"event":"","data":[]}', 'event_name'],
    ['a long event name', `{"event":"${'e'.repeat(31)}","data":[]}`, 'event_name'],
    ['a client event', '{"event":"client-typing","data":[]}', 'reserved_event'],
    ['a protocol event', '{"event":"pusher:error","data":[]}', 'reserved_event'],
    ['an internal event', '{"event":"pusher_internal:member_added","data":[]}', 'reserved_event'],
    ['an escaped reserved name', '{"event":"\\u0070usher:error","data":[]}', 'reserved_event'],
    ['data a byte too large', `{"event":"e","data":"${'x'.repeat(99)}"}`, 'too_large'],
    ['large data in few characters', `{"event":"e","data":"${'é'.repeat(50)}"}`, 'too_large'],
    ['a large message', `{"event":"e","data":[],"more":"${'x'.repeat(1000)}"}`, 'too_large'],
    ['a large message that is not JSON', 'x'.repeat(1000), 'too_large'],
  ])('that is %s is ignored', (_, payload, reason) => {
    expect(decode(payload)).toEqual({ ok: false, reason })
  })

  it.each<[what: string, payload: string]>([
    ['the longest event name', `{"event":"${'e'.repeat(30)}","data":[]}`],
    [
      'the longest event name, escaped',
      `{"event":"${'\\u00e9'.repeat(30)}","data":[],"socket":null}`,
    ],
    ['the largest data', `{"event":"e","data":"${'x'.repeat(98)}","socket":null}`],
    ['an event name like a reserved one', '{"event":"pusher.error","data":[]}'],
    ['an event name that only contains a reserved one', '{"event":"xclient-y","data":[]}'],
  ])('with %s is delivered', (_, payload) => {
    expect(decode(payload)).toMatchObject({ ok: true })
  })
})

describe('the data of a message', () => {
  it.each<[what: string, data: string, sent: string]>([
    ['an empty list', '[]', '[]'],
    ['nothing but the socket id', '{"socket":null}', '[]'],
    ['an empty object', '{}', '{}'],
    ['a list', '[1,{"socket":1}]', '[1,{"socket":1}]'],
    ['a list whose socket made it an object', '{"0":"a","1":["b"],"socket":null}', '["a",["b"]]'],
    ['numbered from 1', '{"1":"a","socket":null}', '{"1":"a"}'],
    ['numbered out of order', '{"1":"a","0":"b","socket":null}', '{"1":"a","0":"b"}'],
    ['the socket id first', '{"socket":null,"a":1,"b":2}', '{"a":1,"b":2}'],
    ['the socket id in the middle', '{"a":1,"socket":"1.2","b":2}', '{"a":1,"b":2}'],
    ['a socket of its own deeper', '{"a":{"socket":1},"socket":null}', '{"a":{"socket":1}}'],
    ['no socket', '{"a":1}', '{"a":1}'],
    ['a socket that is an object', '{"socket":{"a":[1,"}"]},"b":2}', '{"b":2}'],
    ['the socket twice', '{"socket":1,"a":1,"socket":2}', '{"a":1}'],
    ['an escaped socket', '{"s\\u006fcket":1,"a":1}', '{"a":1}'],
    ['braces in texts', '{"a":"}\\"{,","socket":null}', '{"a":"}\\"{,"}'],
    ['backslashes before a quote', '{"a":"\\\\","socket":"\\\\\\""}', '{"a":"\\\\"}'],
    ['large integers', '{"id":9007199254740993,"socket":null}', '{"id":9007199254740993}'],
    ['numbers as written', '{"a":1.0,"b":-0,"c":1e2,"socket":null}', '{"a":1.0,"b":-0,"c":1e2}'],
    ['keys in their order', '{"b":1,"2":1,"1":1,"socket":null}', '{"b":1,"2":1,"1":1}'],
    ['PHP’s escapes', '{"a":"h\\u00e9\\/","socket":null}', '{"a":"h\\u00e9\\/"}'],
    ['a lone surrogate', '{"a":"\\ud800","socket":null}', '{"a":"\\ud800"}'],
    [
      'names of the prototype',
      '{"__proto__":1,"constructor":2,"socket":0}',
      '{"__proto__":1,"constructor":2}',
    ],
    ['a string', '"text"', '"text"'],
    ['null', 'null', 'null'],
    ['a number', '12.50', '12.50'],
    ['white space', '\t{ "a" : [ 1 , 2 ] ,\r\n "socket" : null }\n', '{"a" : [ 1 , 2 ]}'],
  ])('that is %s is sent as the pusher driver would', (_, data, sent) => {
    expect(dataFrom(data)).toBe(sent)
  })

  it('that is given twice is the last one', () => {
    const message = decode('{"event":"a","data":{"a":1},"event":"e","data":{"socket":1,"b":2}}')
    expect(message).toMatchObject({ ok: true, event: 'e', data: '{"b":2}' })
  })

  it('may be nested more deeply than the stack', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`
    expect(dataFrom(`{"a":${deep},"socket":null}`)).toBe(`{"a":${deep}}`)
  })

  it('equals what PHP encodes for the pusher driver, byte for byte', async () => {
    // As RedisBroadcaster, PusherBroadcaster and the SDK encode; the socket stands where the event had it.
    const { stdout } = await run('php', ['-r', PHP_DRIVERS])
    const encoded: [published: string, sent: string][] = JSON.parse(stdout)
    const unlimited = { ...LIMITS, eventBytes: 1_000_000 }
    const decoded = encoded.map(([published]) => decode(published, unlimited))
    expect(decoded).toEqual(
      encoded.map(([, sent]) => ({ ok: true, event: 'e', data: sent, exceptSocketId: undefined })),
    )
    expect(encoded).toHaveLength(11)
  })
})

const PHP_DRIVERS = String.raw`
$payloads = [
  ['socket' => null],
  [],
  ['text' => "hé/🙂\u{2028}\"\\", 'room' => 1, 'socket' => null],
  ['socket' => null, 'first' => true],
  ['a' => 1, 'socket' => null, 'b' => ['socket' => 1]],
  array_merge(['x', 'y'], ['socket' => null]),
  array_merge([['x'], []], ['socket' => null]),
  [1 => 'x', 2 => 'y', 'socket' => null],
  [1 => 'x', 0 => 'y', 'socket' => null],
  ['big' => PHP_INT_MAX, 'float' => 0.1 + 0.2, 'tiny' => 1e-10, 'whole' => 10.0, 'socket' => null],
  ['empty' => (object) [], 'list' => [], 'null' => null, 'socket' => null],
];
echo json_encode(array_map(function ($payload) {
  $published = json_encode(['event' => 'e', 'data' => $payload, 'socket' => $payload['socket'] ?? null]);
  unset($payload['socket']);
  return [$published, json_encode($payload)];
}, $payloads));
`

describe('a channel', () => {
  it.each<[channel: string, refusal: ReturnType<typeof refusalOf>]>([
    ['orders', undefined],
    ['private-orders.1', undefined],
    ['presence-cache-room', undefined],
    ['private-encryptedx', undefined],
    ['x'.repeat(20), undefined],
    ['x'.repeat(21), 'channel_name'],
    ['', 'channel_name'],
    ['a b', 'channel_name'],
    ['a:b', 'channel_name'],
    ['a/b', 'channel_name'],
    ['caf\u00e9', 'channel_name'],
    ['orders\n', 'channel_name'],
    ['#server-to-user-1', 'channel_name'],
    ['#orders', 'channel_name'],
    ['private-encrypted-x', 'encrypted'],
    ['private-encrypted-', 'encrypted'],
  ])('named %j is refused as %s', (channel, refusal) => {
    expect(refusalOf(channel, LIMITS)).toBe(refusal)
  })

  it('that is encrypted and cached is refused as encrypted', () => {
    const limits = { ...LIMITS, channelNameLength: 200 }
    expect(refusalOf('private-encrypted-cache-x', limits)).toBe('encrypted')
  })
})
