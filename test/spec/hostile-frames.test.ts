/**
 * What no client library sends. Each time the server answers as documented or ends that one
 * connection, another client on the same server does not notice, and nothing is left behind.
 */
import { describe, expect, it } from 'vitest'
import type { TestClient } from '../support/client.ts'
import { exchange, RawHttp } from '../support/raw-http.ts'
import { frame, header, OPCODE, RawSocket } from '../support/raw-socket.ts'
import { startServer, type TestServer } from '../support/server.ts'

const MESSAGE_BYTES = 65_536
const PING = '{"event":"pusher:ping"}'
const PONG = '{"event":"pusher:pong","data":"{}"}'

/** A server, with a client on it that must go on working. */
class Scene implements AsyncDisposable {
  readonly server: TestServer
  readonly bystander: TestClient

  private constructor(server: TestServer, bystander: TestClient) {
    this.server = server
    this.bystander = bystander
  }

  static async set(): Promise<Scene> {
    const server = await startServer({ app: { clientEvents: true } })
    const bystander = await server.connect()
    await bystander.subscribe('presence-a', { user_id: 'ann' })
    return new Scene(server, bystander)
  }

  /** An established connection that can send any bytes. */
  async attacker(): Promise<RawSocket> {
    const socket = await RawSocket.open(this.server.port, `/app/${this.server.app.key}`)
    await socket.next()
    return socket
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using server = this.server
    await this.bystander.expectNothing()
    await server.trigger('presence-a', 'e', { n: 1 })
    expect(await this.bystander.next()).toEqual({
      event: 'e',
      channel: 'presence-a',
      data: { n: 1 },
    })
  }
}

/** Lehmer's generator: the same numbers every time. */
function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
}

describe('a message that is not understood', () => {
  const malformed = (message: string) => ({
    event: 'pusher:error',
    data: { code: 4300, message },
  })
  const NOT_AN_OBJECT = 'A message is a JSON object.'

  it.each([
    ['empty', '', NOT_AN_OBJECT],
    ['a NUL', '\0', NOT_AN_OBJECT],
    ['not JSON', 'hello', NOT_AN_OBJECT],
    ['half of an object', '{"event":', NOT_AN_OBJECT],
    ['a list', '[]', NOT_AN_OBJECT],
    ['a number', '1e999', NOT_AN_OBJECT],
    ['65,000 opening brackets', '['.repeat(65_000), NOT_AN_OBJECT],
    [
      '32,500 brackets opened and closed',
      `${'['.repeat(32_500)}${']'.repeat(32_500)}`,
      NOT_AN_OBJECT,
    ],
    [
      '5,000 objects in each other',
      `${'{"event":'.repeat(5_000)}1${'}'.repeat(5_000)}`,
      'A message has a string "event".',
    ],
    ['without an event', '{}', 'A message has a string "event".'],
    [
      'with an inherited event',
      '{"__proto__":{"event":"pusher:ping"}}',
      'A message has a string "event".',
    ],
    [
      'a subscription with an inherited channel',
      '{"event":"pusher:subscribe","data":{"__proto__":{"channel":"a"}}}',
      'pusher:subscribe needs a string "channel".',
    ],
    [
      'a subscription nested in text',
      `{"event":"pusher:subscribe","data":${JSON.stringify('['.repeat(60_000))}}`,
      'pusher:subscribe needs a string "channel".',
    ],
  ])('is answered with 4300, and the connection stays open: %s', async (_what, text, message) => {
    await using scene = await Scene.set()
    const client = await scene.server.connect()
    client.sendText(text)
    expect(await client.next()).toEqual(malformed(message))
    await client.expectNothing()
  })

  it('is answered in full', async () => {
    await using scene = await Scene.set()
    const client = await scene.server.connect()
    client.sendText('hello')
    expect(await client.nextText()).toBe(
      '{"event":"pusher:error","data":{"code":4300,"message":"A message is a JSON object."}}',
    )
  })

  it('because of a type is answered with 4300, whatever the type and field', async () => {
    await using scene = await Scene.set()
    const client = await scene.server.connect()
    const wrong = ['null', 'true', '7', '-0', '1e999', '[]', '["a"]', '{}', '{"toString":1}']
    const frames = wrong.flatMap((value) => [
      `{"event":${value}}`,
      `{"event":"pusher:subscribe","data":${value}}`,
      `{"event":"pusher:subscribe","data":{"channel":${value}}}`,
      `{"event":"pusher:unsubscribe","data":${value}}`,
      `{"event":"pusher:unsubscribe","data":{"channel":${value}}}`,
      `{"event":"pusher:signin","data":${value}}`,
      `{"event":"pusher:signin","data":{"auth":${value},"user_data":"{}"}}`,
      `{"event":"pusher:signin","data":{"auth":"","user_data":${value}}}`,
      `{"event":"client-x","channel":${value},"data":{}}`,
    ])
    // null stands for nothing in these two, so it is the signature that is missing there.
    const notNull = wrong
      .slice(1)
      .flatMap((value) => [
        `{"event":"pusher:subscribe","data":{"channel":"private-a","auth":${value}}}`,
        `{"event":"pusher:subscribe","data":{"channel":"presence-a","auth":"","channel_data":${value}}}`,
      ])
    for (const text of [...frames, ...notNull]) {
      client.sendText(text)
      expect(await client.next(), text).toMatchObject({ data: { code: 4300 } })
    }
    await client.expectNothing()
  })

  it.each([
    ['binary', Buffer.from(PING)],
    ['empty and binary', Buffer.alloc(0)],
  ])('because it is %s is answered with 4300', async (_what, bytes) => {
    await using scene = await Scene.set()
    const client = await scene.server.connect()
    client.socket.send(bytes)
    expect(await client.next()).toEqual(malformed('A message is text of at most 65536 bytes.'))
    await client.expectNothing()
  })

  it.each([
    ['bytes', 'x'],
    ['letters of two bytes', '\u00e9'],
  ])(
    'because of its size is answered with 4300: one byte too many, in %s',
    async (_what, letter) => {
      await using scene = await Scene.set()
      const client = await scene.server.connect()
      const around = '{"event":"pusher:ping","pad":""}'
      const size = Buffer.byteLength(letter)
      const room = MESSAGE_BYTES - around.length
      const sized = (letters: number, more: string) =>
        around.replace('""', `"${letter.repeat(letters)}${more}"`)
      client.sendText(sized(Math.floor(room / size), 'x'.repeat(room % size)))
      expect(await client.nextText(), 'at the limit').toBe(PONG)
      client.sendText(sized(Math.floor(room / size), 'x'.repeat((room % size) + 1)))
      expect(await client.next()).toEqual(malformed('A message is text of at most 65536 bytes.'))
      await client.expectNothing()
    },
  )

  it('because of its size ends the connection when it is twice too large', async () => {
    await using scene = await Scene.set()
    const client = await scene.server.connect()
    client.sendText('x'.repeat(2 * MESSAGE_BYTES))
    expect(await client.next()).toMatchObject({ data: { code: 4300 } })
    client.sendText('x'.repeat(2 * MESSAGE_BYTES + 1))
    expect((await client.closed).code).toBe(1006)
  })

  it('because of its size is measured by what is configured', async () => {
    await using server = await startServer({ limits: { messageBytes: 256 } })
    const client = await server.connect()
    client.sendText('x'.repeat(256))
    expect(await client.next()).toEqual(malformed('A message is a JSON object.'))
    client.sendText('x'.repeat(257))
    expect(await client.next()).toEqual(malformed('A message is text of at most 256 bytes.'))
  })
})

describe('hostile text', () => {
  it.each([
    ['a lone surrogate', 'a\ud800', 'a\ud800'],
    ['markup', '"><script>', '"><script>'],
    ['line breaks', 'a\r\n\0', 'a\r\n\0'],
    ['60,000 characters, of which it repeats 1024', 'x'.repeat(60_000), 'x'.repeat(1024)],
    ['a name of objects', '__proto__ ', '__proto__ '],
  ])('in a channel name is refused and told back as it was: %s', async (_what, channel, told) => {
    await using scene = await Scene.set()
    const client = await scene.server.connect()
    expect(await client.subscribe(channel)).toMatchObject({
      event: 'pusher:subscription_error',
      channel: told,
      data: { type: 'InvalidChannel', status: 4009 },
    })
  })

  it.each(['__proto__', 'constructor', 'hasOwnProperty', 'toString'])(
    'is a channel name like any other: %s',
    async (channel) => {
      await using scene = await Scene.set()
      const client = await scene.server.connect()
      expect(await client.subscribe(channel)).toEqual({
        event: 'pusher_internal:subscription_succeeded',
        channel,
        data: {},
      })
      await scene.server.trigger(channel, 'e', {})
      expect(await client.next()).toEqual({ event: 'e', channel, data: {} })
    },
  )

  it('in a client event reaches others as valid UTF-8', async () => {
    await using scene = await Scene.set()
    const client = await scene.server.connect()
    await client.subscribe('presence-a', { user_id: 'bob' })
    await scene.bystander.next()
    client.sendText('{"event":"client-\\ud800","channel":"presence-a","data":"\\udc00\\u0000"}')
    expect(await scene.bystander.next()).toEqual({
      event: 'client-\ud800',
      channel: 'presence-a',
      data: '\udc00\0',
      user_id: 'bob',
    })
    await client.close()
    await scene.bystander.next()
  })

  it('nested too deeply in a client event is answered with an error', async () => {
    await using scene = await Scene.set()
    const client = await scene.server.connect()
    await client.subscribe('private-a')
    const deep = `${'['.repeat(32_000)}${']'.repeat(32_000)}`
    client.sendText(`{"event":"client-x","channel":"private-a","data":${deep}}`)
    expect(await client.next()).toMatchObject({ event: 'pusher:error' })
    await client.expectNothing()
  })
})

describe('frames that WebSockets do not allow (RFC 6455)', () => {
  const text = frame(PING)
  const withReserved = (reserved: number) => frame(PING, { reserved })
  const withOpcode = (opcode: number) => frame(PING, { opcode })
  const claiming = (length: number) => {
    const head = header(length)
    head[0] = 0x80 | OPCODE.TEXT
    return Buffer.concat([head, Buffer.alloc(4)])
  }

  it.each<[string, Buffer]>([
    ['invalid UTF-8', frame(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))],
    ['an overlong encoding', frame(Buffer.from([0xc0, 0xaf]))],
    ['a surrogate encoded as UTF-8', frame(Buffer.from([0xed, 0xa0, 0x80]))],
    ['half a character at the end', frame(Buffer.from([0x22, 0xe2, 0x82]))],
    ['the first reserved bit, without compression', withReserved(4)],
    ['the second reserved bit', withReserved(2)],
    ['the third reserved bit', withReserved(1)],
    ['opcode 3', withOpcode(3)],
    ['opcode 7', withOpcode(7)],
    ['opcode 11', withOpcode(11)],
    ['opcode 15', withOpcode(15)],
    ['a continuation of nothing', frame(PING, { opcode: OPCODE.CONTINUATION })],
    ['a message inside another', Buffer.concat([frame('{', { fin: false }), text])],
    ['a fragmented control frame', frame('', { opcode: OPCODE.PING, fin: false })],
    ['a control frame of 126 bytes', frame('x'.repeat(126), { opcode: OPCODE.PING })],
    ['a claim of 1 GiB', claiming(2 ** 30)],
    ['a claim of 4 PiB', claiming(2 ** 52)],
    [
      'fragments that are too large together',
      Buffer.concat([
        frame('x'.repeat(MESSAGE_BYTES), { fin: false }),
        frame('x'.repeat(MESSAGE_BYTES), { fin: false, opcode: OPCODE.CONTINUATION }),
        frame('x', { opcode: OPCODE.CONTINUATION }),
      ]),
    ],
    ['a close frame of one byte', frame('x', { opcode: OPCODE.CLOSE })],
    ['a close frame with code 0', frame(Buffer.from([0, 0]), { opcode: OPCODE.CLOSE })],
    ['a close frame with code 1006', frame(Buffer.from([3, 238]), { opcode: OPCODE.CLOSE })],
    ['a close frame with code 3000', frame(Buffer.from([11, 184]), { opcode: OPCODE.CLOSE })],
    ['a close frame with code 4200', frame(Buffer.from([16, 104]), { opcode: OPCODE.CLOSE })],
    [
      'a close frame whose reason is not UTF-8',
      frame(Buffer.from([3, 232, 255]), { opcode: OPCODE.CLOSE }),
    ],
    ['a message after the close', Buffer.concat([frame('', { opcode: OPCODE.CLOSE }), text])],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
  ])('end the connection: %s', async (_what, bytes) => {
    await using scene = await Scene.set()
    using attacker = await scene.attacker()
    attacker.send(bytes)
    await attacker.ended
  })

  it('without a mask are never taken for what they say', async () => {
    await using scene = await Scene.set()
    using attacker = await scene.attacker()
    attacker.send(frame(PING, { masked: false }))
    attacker.send(frame(PING, { masked: false }))
    const answer = await attacker.nextText().catch(() => 'ended')
    expect(answer).not.toBe(PONG)
  })
})

describe('frames that are unusual, and allowed', () => {
  it('may be fragmented, with control frames in between', async () => {
    await using scene = await Scene.set()
    using client = await scene.attacker()
    client.send(frame(PING.slice(0, 5), { fin: false }))
    client.send(frame('are you there', { opcode: OPCODE.PING }))
    const pong = await client.next()
    expect({ ...pong, payload: pong.payload.toString() }).toEqual({
      opcode: OPCODE.PONG,
      payload: 'are you there',
    })
    client.send(frame(PING.slice(5), { opcode: OPCODE.CONTINUATION }))
    expect(await client.nextText()).toBe(PONG)
  })

  it('may come in 20,000 empty fragments', async () => {
    await using scene = await Scene.set()
    using client = await scene.attacker()
    const empty = frame('', { fin: false, opcode: OPCODE.CONTINUATION })
    client.send(frame(PING, { fin: false }))
    client.send(Buffer.concat(Array.from({ length: 20_000 }, () => empty)))
    client.send(frame('', { opcode: OPCODE.CONTINUATION }))
    expect(await client.nextText()).toBe(PONG)
  })

  it('may come one byte at a time', async () => {
    await using scene = await Scene.set()
    using client = await scene.attacker()
    for (const byte of frame(PING)) client.send(Buffer.from([byte]))
    expect(await client.nextText()).toBe(PONG)
  })

  it('may be cut off by the end of the connection', async () => {
    await using scene = await Scene.set()
    for (const bytes of [
      frame(PING).subarray(0, 1),
      frame(PING).subarray(0, 5),
      frame(PING).subarray(0, -1),
      frame(PING, { fin: false }),
    ]) {
      using client = await scene.attacker()
      client.send(bytes)
    }
  })
})

describe('random input', () => {
  it('of bytes leaves no trace', async () => {
    await using scene = await Scene.set()
    const random = seeded(1)
    for (let round = 0; round < 200; round += 1) {
      using attacker = await scene.attacker()
      attacker.send(Buffer.from(Array.from({ length: 1 + random(2000) }, () => random(256))))
    }
  })

  it('of text in well-formed frames is answered', async () => {
    await using scene = await Scene.set()
    const client = await scene.server.connect()
    const random = seeded(2)
    const alphabet = [...'{}[]",:\\ue0tnf\u00e9\ud83d\ude00', 'event', 'data', 'channel', 'pusher:']
    for (let round = 0; round < 500; round += 1) {
      const pieces = Array.from({ length: random(60) }, () => alphabet[random(alphabet.length)])
      client.sendText(pieces.join(''))
      expect(await client.next()).toMatchObject({ data: { code: 4300 } })
    }
  })

  it('of messages that are nearly right never ends a connection', async () => {
    await using scene = await Scene.set()
    const client = await scene.server.connect()
    const random = seeded(3)
    const pick = <T>(...choices: [T, ...T[]]): T => choices[random(choices.length)] ?? choices[0]
    const value = (): unknown =>
      pick<unknown>(
        null,
        7,
        '',
        'news',
        'private-a',
        'presence-a',
        '{"user_id":"7"}',
        [],
        {},
        {
          channel: pick<unknown>('news', 'private-a', 'cache-a', '#x', '\ud800', 7),
          auth: pick<unknown>('', client.sign('private-a'), null, {}),
          channel_data: pick<unknown>('{"user_id":7}', '{', null, 7),
          user_data: pick<unknown>('{"id":"7"}', '[]', 7),
        },
      )
    for (let round = 0; round < 2000; round += 1) {
      client.send({
        event: pick<unknown>(
          'pusher:subscribe',
          'pusher:unsubscribe',
          'pusher:signin',
          'client-x',
          'pusher:pong',
          value(),
        ),
        channel: value(),
        data: value(),
      })
    }
    client.sendText(PING)
    for (;;) if ((await client.next()).event === 'pusher:pong') break
    client.terminate()
  })
})

describe('a great many requests', () => {
  it('to subscribe and unsubscribe leave what the last one said', async () => {
    await using scene = await Scene.set()
    const client = await scene.server.connect()
    for (let round = 0; round < 5000; round += 1) {
      client.send({ event: 'pusher:subscribe', data: { channel: `news-${round % 7}` } })
      client.unsubscribe(`news-${round % 7}`)
    }
    client.send({ event: 'pusher:subscribe', data: { channel: 'news' } })
    for (let round = 0; round < 5001; round += 1) {
      expect(await client.next()).toMatchObject({ event: 'pusher_internal:subscription_succeeded' })
    }
    expect(await scene.server.request('GET', '/channels')).toMatchObject({
      body: { channels: { news: {}, 'presence-a': {} } },
    })
  })

  it('to subscribe stop at 1000 channels, which all go with the connection', async () => {
    await using scene = await Scene.set()
    const client = await scene.server.connect()
    for (let index = 0; index <= 1000; index += 1) {
      client.send({ event: 'pusher:subscribe', data: { channel: `news-${index}` } })
    }
    for (let index = 0; index < 1000; index += 1) {
      expect(await client.next()).toMatchObject({ event: 'pusher_internal:subscription_succeeded' })
    }
    expect(await client.next()).toMatchObject({ data: { type: 'LimitReached', status: 4301 } })
    client.terminate()
    await client.closed
  })

  it('to connect, each dropped at once, leave nothing', async () => {
    await using scene = await Scene.set()
    for (let round = 0; round < 200; round += 1) {
      const client = scene.server.dial()
      client.socket.once('open', () => client.terminate())
      await client.closed
    }
  })
})

describe('a handshake', () => {
  const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
  const upgrade = (path: string, ...lines: string[]) =>
    [`GET ${path} HTTP/1.1`, 'Host: localhost', ...lines, '', ''].join('\r\n')

  it.each([
    ['no Upgrade header and no key', []],
    ['no key', ['Upgrade: websocket', 'Connection: Upgrade']],
    ['an empty key', ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key:']],
    ['a short key', ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key: abc']],
    ['a long key', ['Upgrade: websocket', 'Connection: Upgrade', `${KEY}${'='.repeat(100)}`]],
  ])('with %s is answered as HTTP, where there is nothing', async (_what, lines) => {
    await using scene = await Scene.set()
    const { port, app } = scene.server
    expect(await exchange(port, upgrade(`/app/${app.key}`, ...lines))).toMatchObject({
      status: 404,
    })
  })

  it.each([
    [
      '100 KB of headers',
      (path: string) =>
        upgrade(
          path,
          ...Array.from({ length: 100 }, (_, index) => `X-${index}: ${'x'.repeat(1000)}`),
        ),
    ],
    ['one header of 100 KB', (path: string) => upgrade(path, `X: ${'x'.repeat(100_000)}`)],
    [
      '1000 headers',
      (path: string) =>
        upgrade(path, ...Array.from({ length: 1000 }, (_, index) => `X-${index}: y`)),
    ],
    ['a path of 100 KB', (path: string) => upgrade(path + 'x'.repeat(100_000))],
    ['a header without a colon', (path: string) => upgrade(path, 'hello')],
    ['a body that never comes', (path: string) => upgrade(path, 'Content-Length: x')],
    ['no HTTP at all', () => `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${'\0'.repeat(500)}`],
    ['HTTP of another version', (path: string) => upgrade(path).replace('HTTP/1.1', 'HTTP/9.9')],
  ])('with %s is refused', async (_what, request) => {
    await using scene = await Scene.set()
    const { port, app } = scene.server
    const answer = await exchange(port, request(`/app/${app.key}`))
    expect(answer?.status ?? 400).toBeGreaterThanOrEqual(400)
  })

  it('with frames sent along too early is answered, and they are not', async () => {
    await using scene = await Scene.set()
    const { port, app } = scene.server
    using client = await RawSocket.open(port, `/app/${app.key}`, frame(PING).toString('latin1'))
    expect(await client.nextText()).toContain('pusher:connection_established')
    client.send(frame(PING))
    expect(await client.nextText()).toBe(PONG)
  })

  it('that comes byte by byte is waited for, but not for long', async () => {
    await using scene = await Scene.set()
    const { port, app } = scene.server
    const text = upgrade(`/app/${app.key}`, 'Upgrade: websocket', 'Connection: Upgrade', KEY)
    using patient = await RawHttp.connect(port)
    for (const byte of text) await patient.send(byte)
    expect(await patient.next()).toMatchObject({ status: 101 })

    using stalled = await RawHttp.connect(port)
    await stalled.send(text.slice(0, 50))
    await stalled.ended
  }, 30_000)

  it('may offer what the server does not speak', async () => {
    await using scene = await Scene.set()
    const { port, app } = scene.server
    const answer = await exchange(
      port,
      upgrade(
        `/app/${app.key}`,
        'Upgrade: websocket',
        'Connection: Upgrade',
        KEY,
        'Sec-WebSocket-Version: 99',
        'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-unknown',
      ),
    )
    expect(answer).toMatchObject({ status: 101 })
    expect(answer?.headers.has('sec-websocket-extensions')).toBe(false)
  })
})
