/** Client events: from one subscriber of a channel to the others. */
import { describe, expect, it } from 'vitest'
import type { TestClient } from '../support/client.ts'
import { ManualClock } from '../support/clock.ts'
import { metricOf } from '../support/metrics.ts'
import { startServer, type TestServer, type TestServerOptions } from '../support/server.ts'

const serve = ({ app, ...more }: TestServerOptions = {}) =>
  startServer({ ...more, app: { clientEvents: true, ...app } })

/** Two subscribers of one channel; on presence channels, users 7 and 8. */
async function pair(server: TestServer, channel: string): Promise<[TestClient, TestClient]> {
  const presence = channel.startsWith('presence-')
  const members = presence ? [{ user_id: '7' }, { user_id: '8' }] : []
  const [sender, listener] = await Promise.all([server.connect(), server.connect()])
  for (const [index, client] of [sender, listener].entries()) {
    await client.subscribe(channel, members[index])
    if (channel.includes('cache-')) await client.next()
  }
  if (presence) await sender.next()
  return [sender, listener]
}

const rejected = (message: string) => ({
  event: 'pusher:error',
  data: { code: 4301, message },
})

describe('a client event', () => {
  it('reaches the other subscribers as text, and not its sender', async () => {
    await using server = await serve()
    const [sender, listener] = await pair(server, 'private-a')
    sender.sendText('{"event":"client-typing","channel":"private-a","data":{"name":"x"}}')
    expect(await listener.nextText()).toBe(
      '{"event":"client-typing","channel":"private-a","data":"{\\"name\\":\\"x\\"}"}',
    )
    await sender.expectNothing()
    await listener.expectNothing()
  })

  it("on a presence channel carries its sender's user_id, whatever the sender claims", async () => {
    await using server = await serve()
    const [sender, listener] = await pair(server, 'presence-a')
    sender.sendText('{"event":"client-x","channel":"presence-a","data":{},"user_id":"8"}')
    expect(await listener.nextText()).toBe(
      '{"event":"client-x","channel":"presence-a","data":"{}","user_id":"7"}',
    )
  })

  it('on a private channel carries no user_id, claimed or signed in', async () => {
    await using server = await serve()
    const [sender, listener] = await pair(server, 'private-a')
    await sender.signIn({ id: '7' })
    sender.sendText('{"event":"client-x","channel":"private-a","data":{},"user_id":"8","x":1}')
    expect(await listener.nextText()).toBe('{"event":"client-x","channel":"private-a","data":"{}"}')
  })

  it.each(['private-a', 'private-cache-a', 'presence-a', 'presence-cache-a'])(
    'may be sent on %s',
    async (channel) => {
      await using server = await serve()
      const [sender, listener] = await pair(server, channel)
      sender.send({ event: 'client-x', channel, data: {} })
      expect(await listener.next()).toMatchObject({ event: 'client-x', channel })
    },
  )

  it.each([
    ['text, as it is', '"hello"', 'hello'],
    ['JSON text, as it is', '"{\\"a\\": 1}"', '{"a": 1}'],
    ['an empty text', '""', ''],
    ['a list, as JSON', '[1, 2]', '[1,2]'],
    ['a number, as JSON', '1.50', '1.5'],
    ['true, as JSON', 'true', 'true'],
    ['null, as JSON', 'null', 'null'],
    ['a lone surrogate', '"\\ud800"', '\ud800'],
    ['a key that objects have', '{"__proto__":1}', '{"__proto__":1}'],
  ])('may carry %s', async (_what, data, received) => {
    await using server = await serve()
    const [sender, listener] = await pair(server, 'private-a')
    sender.sendText(`{"event":"client-x","channel":"private-a","data":${data}}`)
    expect(JSON.parse(await listener.nextText())).toEqual({
      event: 'client-x',
      channel: 'private-a',
      data: received,
    })
  })

  it('without data carries null', async () => {
    await using server = await serve()
    const [sender, listener] = await pair(server, 'private-a')
    sender.sendText('{"event":"client-x","channel":"private-a"}')
    expect(await listener.nextText()).toBe(
      '{"event":"client-x","channel":"private-a","data":"null"}',
    )
  })

  it('is counted as received from a client, and where it was delivered', async () => {
    await using server = await serve()
    const [sender, listener] = await pair(server, 'private-a')
    sender.send({ event: 'client-x', channel: 'private-a', data: {} })
    await listener.next()
    const received = 'resound_events_received_total'
    expect(await metricOf(server, received, { source: 'client' })).toBe(1)
    expect(await metricOf(server, 'resound_events_delivered_total')).toBe(1)
  })
})

describe('a client event is rejected', () => {
  it('unless the app has them enabled', async () => {
    await using server = await startServer()
    const [sender, listener] = await pair(server, 'private-a')
    sender.send({ event: 'client-x', channel: 'private-a', data: {} })
    expect(await sender.nextText()).toBe(
      '{"event":"pusher:error","data":{"code":4301,"message":"The app does not have client events enabled (clientEvents)."}}',
    )
    await listener.expectNothing()
  })

  it.each(['news', 'cache-a', 'private-encrypted-a', 'private-encrypted-cache-a', 'privateer'])(
    'on a channel that is not private or presence: %s',
    async (channel) => {
      await using server = await serve()
      const [sender, listener] = await pair(server, channel)
      sender.send({ event: 'client-x', channel, data: {} })
      expect(await sender.next()).toEqual(
        rejected(
          'Client events are for private and presence channels, and not for encrypted ones.',
        ),
      )
      await listener.expectNothing()
    },
  )

  it("on a user's own channel", async () => {
    await using server = await serve()
    const sender = await server.connect()
    await sender.signIn({ id: '7' })
    await sender.subscribe('#server-to-user-7')
    sender.send({ event: 'client-x', channel: '#server-to-user-7', data: {} })
    expect(await sender.next()).toMatchObject({ data: { code: 4301 } })
  })

  it.each(['private-a', 'presence-a', 'private-nobody'])(
    'from who is not subscribed: %s',
    async (channel) => {
      await using server = await serve()
      const [, listener] = await pair(server, channel.replace('nobody', 'b'))
      const stranger = await server.connect()
      stranger.send({ event: 'client-x', channel, data: {} })
      expect(await stranger.next()).toEqual(
        rejected('The connection is not subscribed to the channel.'),
      )
      await listener.expectNothing()
    },
  )

  it('from who has unsubscribed', async () => {
    await using server = await serve()
    const [sender, listener] = await pair(server, 'private-a')
    sender.unsubscribe('private-a')
    sender.send({ event: 'client-x', channel: 'private-a', data: {} })
    expect(await sender.next()).toEqual(
      rejected('The connection is not subscribed to the channel.'),
    )
    await listener.expectNothing()
  })

  it('with a name of 201 characters, and not with one of 200', async () => {
    await using server = await serve()
    const [sender, listener] = await pair(server, 'private-a')
    const longest = 'client-'.padEnd(200, 'x')
    sender.send({ event: `${longest}x`, channel: 'private-a', data: {} })
    expect(await sender.next()).toEqual(rejected('The event name is longer than 200 characters.'))
    sender.send({ event: longest, channel: 'private-a', data: {} })
    expect(await listener.next()).toMatchObject({ event: longest })
  })

  it('with data of 10,241 bytes, and not with 10,240', async () => {
    await using server = await serve()
    const [sender, listener] = await pair(server, 'private-a')
    const largest = '\u00e9'.repeat(5120)
    sender.send({ event: 'client-x', channel: 'private-a', data: `${largest}x` })
    expect(await sender.next()).toEqual(
      rejected('The data of a client event is larger than 10240 bytes.'),
    )
    sender.send({ event: 'client-x', channel: 'private-a', data: largest })
    expect(await listener.next()).toMatchObject({ data: largest })
  })

  it('when it is the eleventh in a second, and not in the next', async () => {
    const clock = new ManualClock()
    await using server = await serve({ clock })
    const [sender, listener] = await pair(server, 'private-a')
    const send = () => sender.send({ event: 'client-x', channel: 'private-a', data: {} })
    for (let count = 0; count < 12; count += 1) send()
    const tooFast = rejected('More than 10 client events in a second.')
    expect(await sender.next()).toEqual(tooFast)
    expect(await sender.next()).toEqual(tooFast)
    for (let count = 0; count < 10; count += 1) await listener.next()
    await listener.expectNothing()

    listener.send({ event: 'client-y', channel: 'private-a', data: {} })
    expect(await sender.next(), 'the rate is each connection\u2019s own').toMatchObject({
      event: 'client-y',
    })
    clock.advance(1000)
    send()
    expect(await listener.next()).toMatchObject({ event: 'client-x' })
  })

  it('never for its rate where there is no limit', async () => {
    await using server = await serve({ limits: { clientEventsPerSecond: 0 } })
    const [sender, listener] = await pair(server, 'private-a')
    for (let count = 0; count < 500; count += 1) {
      sender.send({ event: 'client-x', channel: 'private-a', data: count })
    }
    for (let count = 0; count < 500; count += 1) {
      expect(await listener.next()).toMatchObject({ data: count })
    }
  })

  it('and is counted by reason', async () => {
    await using server = await startServer()
    const sender = await server.connect()
    sender.send({ event: 'client-x', channel: 'private-a', data: {} })
    await sender.next()
    const refused = 'resound_client_events_refused_total'
    expect(await metricOf(server, refused, { reason: 'disabled' })).toBe(1)
  })
})

describe('what is not a client event', () => {
  it.each([
    'xclient-y',
    'Client-y',
    'clienty',
    'client',
    'pusher:x',
    'pusher_internal:member_added',
  ])('is ignored: %s', async (event) => {
    await using server = await serve()
    const [sender, listener] = await pair(server, 'private-a')
    sender.send({ event, channel: 'private-a', data: {} })
    await sender.expectNothing()
    await listener.expectNothing()
  })
})
