/** Messages that no client library sends: answered, and the connection stays open. */
import { describe, expect, it } from 'vitest'
import { metricOf } from '../support/metrics.ts'
import { Scene } from '../support/scene.ts'
import { startServer } from '../support/server.ts'

const MESSAGE_BYTES = 65_536
const PING = '{"event":"pusher:ping"}'
const PONG = '{"event":"pusher:pong","data":"{}"}'

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

  it('is counted', async () => {
    await using server = await startServer()
    const client = await server.connect()
    client.sendText('hello')
    client.sendText(Buffer.from('{}'))
    await client.next()
    await client.next()
    expect(await metricOf(server, 'resound_messages_malformed_total')).toBe(2)
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
