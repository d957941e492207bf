/** Subscribing, unsubscribing, and what a subscriber receives. */
import { describe, expect, it } from 'vitest'
import type { TestClient } from '../support/client.ts'
import { APP, startServer } from '../support/server.ts'

const succeeded = (channel: string) => ({
  event: 'pusher_internal:subscription_succeeded',
  channel,
  data: {},
})

async function ask(client: TestClient, data: object) {
  client.send({ event: 'pusher:subscribe', data })
  return client.next()
}

describe('a subscription', () => {
  it('to a public channel succeeds', async () => {
    await using server = await startServer()
    const client = await server.connect()
    client.sendText('{"event":"pusher:subscribe","data":{"auth":"","channel":"my-channel"}}')
    expect(await client.nextText()).toBe(
      '{"event":"pusher_internal:subscription_succeeded","channel":"my-channel","data":"{}"}',
    )
  })

  it('to a private channel succeeds with a signature', async () => {
    await using server = await startServer()
    const client = await server.connect()
    const auth = client.sign('private-a')
    client.send({ event: 'pusher:subscribe', data: { auth, channel: 'private-a' } })
    expect(await client.nextText()).toBe(
      '{"event":"pusher_internal:subscription_succeeded","channel":"private-a","data":"{}"}',
    )
  })

  it('succeeds with channel_data that is signed, whatever the kind', async () => {
    await using server = await startServer()
    const client = await server.connect()
    const channelData = '{"custom":"\\/\\u00e9"}'
    const auth = client.sign('private-a', channelData)
    expect(await ask(client, { auth, channel: 'private-a', channel_data: channelData })).toEqual(
      succeeded('private-a'),
    )
    expect(
      await ask(client, {
        auth: client.sign('private-b'),
        channel: 'private-b',
        channel_data: channelData,
      }),
    ).toMatchObject({ event: 'pusher:subscription_error' })
  })

  it('succeeds under the secret that is being replaced', async () => {
    await using server = await startServer({
      app: { secret: 'a-new-secret', previousSecret: APP.secret },
    })
    const old = await server.dial(server.wsUrl, {}, APP).established()
    expect(await old.subscribe('private-a')).toEqual(succeeded('private-a'))
    const current = await server.connect()
    expect(await current.subscribe('private-a')).toEqual(succeeded('private-a'))
  })

  it('may be asked for with its data as JSON text', async () => {
    await using server = await startServer()
    const client = await server.connect()
    client.send({ event: 'pusher:subscribe', data: '{"channel":"news"}' })
    expect(await client.next()).toEqual(succeeded('news'))
  })

  it('brings the events that are published from then on', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('my-channel')
    await server.trigger('my-channel', 'App\\Events\\Shipped', { id: 1, url: 'https://x/\u00e9' })
    expect(await client.nextText()).toBe(
      '{"event":"App\\\\Events\\\\Shipped","channel":"my-channel","data":"{\\"id\\":1,\\"url\\":\\"https://x/\u00e9\\"}"}',
    )
  })

  it('brings the events of its own channel and app only', async () => {
    const other = { id: '4', key: 'other-key', secret: 'other-secret' }
    await using server = await startServer({ apps: [APP, other] })
    const client = await server.connect()
    await client.subscribe('news')
    const neighbour = await server
      .dial(server.wsUrl.replace(APP.key, other.key), {}, other)
      .established()
    await neighbour.subscribe('news')
    await server.trigger('news-2', 'e', {})
    await client.expectNothing()
    await server.trigger('news', 'e', {})
    expect(await client.next()).toEqual({ event: 'e', channel: 'news', data: {} })
    await neighbour.expectNothing()
  })

  it.each([10, 50_000])(
    'does not bring what its own connection is excluded from: %i bytes',
    async (size) => {
      await using server = await startServer()
      const [sender, listener] = await Promise.all([server.connect(), server.connect()])
      await sender.subscribe('news')
      await listener.subscribe('news')
      const data = 'x'.repeat(size)
      await server.trigger('news', 'e', data, { socket_id: sender.socketId })
      expect(await listener.next()).toEqual({ event: 'e', channel: 'news', data })
      await sender.expectNothing()
    },
  )

  it('is not excluded by the socket id of nobody, or of a connection that is gone', async () => {
    await using server = await startServer()
    const [listener, gone] = await Promise.all([server.connect(), server.connect()])
    await listener.subscribe('news')
    await gone.close()
    for (const socketId of ['1.1', gone.socketId]) {
      await server.trigger('news', 'e', {}, { socket_id: socketId })
      expect(await listener.next()).toMatchObject({ event: 'e' })
    }
  })

  it.each<[string, (sender: TestClient) => Promise<unknown>]>([
    ['to nothing', async () => undefined],
    ['to something else', (sender) => sender.subscribe('other')],
    [
      'no more',
      async (sender) => {
        await sender.subscribe('news')
        sender.unsubscribe('news')
        await sender.expectNothing()
      },
    ],
  ])('brings what a connection is excluded from that is subscribed %s', async (_what, prepare) => {
    await using server = await startServer()
    const [sender, listener] = await Promise.all([server.connect(), server.connect()])
    await listener.subscribe('news')
    await prepare(sender)
    for (const data of ['small', 'x'.repeat(50_000)]) {
      await server.trigger('news', 'e', data, { socket_id: sender.socketId })
      expect(await listener.next()).toEqual({ event: 'e', channel: 'news', data })
    }
    await sender.expectNothing()
  })

  it('brings an event once, though it is published to several channels of it at once', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('a')
    await client.subscribe('b')
    await server.request('POST', '/events', {
      body: { name: 'e', channels: ['a', 'b', 'a'], data: '1' },
    })
    expect(await client.next()).toEqual({ event: 'e', channel: 'a', data: 1 })
    expect(await client.next()).toEqual({ event: 'e', channel: 'b', data: 1 })
    await client.expectNothing()
  })

  it('brings events in the order they were published, whatever their size', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('news')
    const sizes = [1, 40_000, 10, 100_000, 3, 20_000, 7, 16_384, 15_000, 2]
    const batch = sizes.map((size) => ({
      name: String(size),
      channel: 'news',
      data: 'x'.repeat(size),
    }))
    for (let round = 0; round < 3; round += 1) {
      await server.request('POST', '/batch_events', { body: { batch } })
    }
    for (const { name, data } of [...batch, ...batch, ...batch]) {
      expect(await client.next()).toEqual({ event: name, channel: 'news', data })
    }
    await client.expectNothing()
  })
})

describe('subscribing again', () => {
  it('succeeds again, and counts and delivers once', async () => {
    await using server = await startServer()
    const client = await server.connect()
    expect(await client.subscribe('news')).toEqual(succeeded('news'))
    expect(await client.subscribe('news')).toEqual(succeeded('news'))
    const { body } = await server.request('GET', '/channels/news', {
      query: { info: 'subscription_count' },
    })
    expect(body).toEqual({ occupied: true, subscription_count: 1 })
    await server.trigger('news', 'e', {})
    expect(await client.next()).toMatchObject({ event: 'e' })
    await client.expectNothing()

    client.unsubscribe('news')
    await server.trigger('news', 'e', {})
    await client.expectNothing()
  })

  it('still asks for a signature', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('private-a')
    expect(await ask(client, { channel: 'private-a', auth: 'wrong' })).toMatchObject({
      event: 'pusher:subscription_error',
    })
    await server.trigger('private-a', 'e', {})
    expect(await client.next()).toMatchObject({ event: 'e' })
  })
})

describe('unsubscribing', () => {
  it('is not answered, and ends the events', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('news')
    client.sendText('{"event":"pusher:unsubscribe","data":{"channel":"news"}}')
    await client.expectNothing()
    await server.trigger('news', 'e', {})
    await client.expectNothing()
    expect(await server.request('GET', '/channels')).toMatchObject({ body: { channels: {} } })
  })

  it.each(['news', 'private-a', 'never heard of', '', '#', '\ud800'])(
    'from a channel one is not in does nothing: %j',
    async (channel) => {
      await using server = await startServer()
      const other = await server.connect()
      await other.subscribe('news')
      const client = await server.connect()
      client.unsubscribe(channel)
      await client.expectNothing()
      await server.trigger('news', 'e', {})
      expect(await other.next()).toMatchObject({ event: 'e' })
    },
  )

  it('between two subscriptions in one turn leaves one membership', async () => {
    await using server = await startServer()
    const client = await server.connect()
    const subscribe = { event: 'pusher:subscribe', data: { channel: 'news' } }
    client.send(subscribe)
    client.unsubscribe('news')
    client.send(subscribe)
    expect(await client.next()).toEqual(succeeded('news'))
    expect(await client.next()).toEqual(succeeded('news'))
    await server.trigger('news', 'e', {})
    expect(await client.next()).toMatchObject({ event: 'e' })
    await client.expectNothing()
  })
})

describe('names that only resemble a prefix', () => {
  it.each(['privateer', 'presences', 'my-private-x', 'my-presence-x'])(
    'are those of public channels: %s',
    async (channel) => {
      await using server = await startServer()
      const client = await server.connect()
      expect(await ask(client, { channel })).toEqual(succeeded(channel))
    },
  )
})
