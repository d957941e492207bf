/** Webhooks: what an app is told of its channels, seen from its endpoint. */
import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Config } from '../../src/config/schema.ts'
import { ManualClock } from '../support/clock.ts'
import { TestEndpoint } from '../support/endpoint.ts'
import { APP, startServer, type TestServer, type TestServerOptions } from '../support/server.ts'

type WebhookInput = NonNullable<NonNullable<TestServerOptions['app']>['webhooks']>[number]

/** A server with one webhook that is told at once, and posts one event a time unless told otherwise. */
function serve(
  endpoint: TestEndpoint,
  { webhook, app, webhooks, ...more }: TestServerOptions & { webhook?: Partial<WebhookInput> } = {},
): Promise<TestServer> {
  return startServer({
    ...more,
    webhooks: { graceSeconds: 0, batchMilliseconds: 0, ...webhooks },
    app: {
      clientEvents: true,
      ...app,
      webhooks: [{ url: endpoint.url, allowPrivateAddress: true, ...webhook }],
    },
  })
}

const occupied = (channel: string) => ({ name: 'channel_occupied', channel })
const vacated = (channel: string) => ({ name: 'channel_vacated', channel })
const added = (channel: string, userId: string) => ({
  name: 'member_added',
  channel,
  user_id: userId,
})
const removed = (channel: string, userId: string) => ({
  name: 'member_removed',
  channel,
  user_id: userId,
})
const count = (channel: string, subscriptionCount: number) => ({
  name: 'subscription_count',
  channel,
  subscription_count: subscriptionCount,
})

describe('a webhook request', () => {
  it('is a POST of exactly this, signed with the secret', async () => {
    await using endpoint = await TestEndpoint.start()
    await using server = await serve(endpoint, {
      clock: new ManualClock(1327078148132),
      webhooks: { batchEvents: 1 },
      webhook: { events: ['channel_occupied'] },
    })
    await (await server.connect()).subscribe('my-channel')
    const { method, path, body, headers } = await endpoint.next()
    expect(`${method} ${path}`).toBe('POST /hook')
    expect(body).toBe(
      '{"time_ms":1327078148132,"events":[{"name":"channel_occupied","channel":"my-channel"}]}',
    )
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'x-pusher-key': server.app.key,
      'x-pusher-signature': createHmac('sha256', server.app.secret).update(body).digest('hex'),
    })
  })

  it('carries the signature that the documentation computes', async () => {
    await using endpoint = await TestEndpoint.start()
    await using server = await serve(endpoint, {
      clock: new ManualClock(1327078148132),
      webhooks: { batchEvents: 1 },
      webhook: { events: ['channel_occupied'] },
    })
    await (await server.connect()).subscribe('my-channel')
    expect((await endpoint.next()).headers['x-pusher-signature']).toBe(
      'c19001ae3963ccb13bf618e5b16ba9848e7e74df0993aa0689168e341c6833cf',
    )
  })

  it('has the headers that were configured, and none that belong to the protocol', async () => {
    await using endpoint = await TestEndpoint.start()
    await using server = await serve(endpoint, {
      webhook: {
        headers: {
          'X-Tenant': 'one',
          'User-Agent': 'Ours',
          'X-PUSHER-KEY': 'forged',
          'x-pusher-signature': 'forged',
          'X-Pusher-Other': 'forged',
          'Content-Type': 'text/plain',
          'Content-Length': '1',
          Host: 'elsewhere',
          Connection: 'close',
          'Transfer-Encoding': 'chunked',
        },
      },
    })
    await (await server.connect()).subscribe('a')
    const { headers, rawHeaders } = await endpoint.next()
    expect(headers).toMatchObject({
      'x-tenant': 'one',
      'user-agent': 'Ours',
      'x-pusher-key': server.app.key,
      'content-type': 'application/json',
      host: `127.0.0.1:${endpoint.port}`,
    })
    expect(headers['x-pusher-other']).toBeUndefined()
    expect(headers['transfer-encoding']).toBeUndefined()
    const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())
    expect(new Set(names).size, 'each header once').toBe(names.length)
  })

  it('sends the user and password of the URL as credentials', async () => {
    await using endpoint = await TestEndpoint.start()
    const url = endpoint.url.replace('//', '//ann:p%40ss@')
    await using server = await serve(endpoint, { webhook: { url } })
    await (await server.connect()).subscribe('a')
    expect((await endpoint.next()).headers.authorization).toBe(
      `Basic ${Buffer.from('ann:p@ss').toString('base64')}`,
    )
  })

  it('is signed with the new secret once it has been changed', async () => {
    await using endpoint = await TestEndpoint.start()
    await using server = await serve(endpoint, { app: { secret: 'old' } })
    const client = await server.connect()
    await client.subscribe('a')
    await endpoint.next()
    const [app] = server.config.apps
    server.server.reload(
      Config.parse({
        ...server.config,
        apps: [{ ...app, secret: 'new', previousSecret: 'old' }],
      }),
    )
    await client.subscribe('b')
    const { body, headers } = await endpoint.next()
    const signature = createHmac('sha256', 'new').update(body).digest('hex')
    expect(headers['x-pusher-signature']).toBe(signature)
  })
})

describe('the events of a webhook', () => {
  it('tell that a channel is occupied, once, and vacated', async () => {
    await using endpoint = await TestEndpoint.start()
    await using server = await serve(endpoint, {
      webhook: { events: ['channel_occupied', 'channel_vacated'] },
    })
    const [first, second] = [await server.connect(), await server.connect()]
    await first.subscribe('a')
    await second.subscribe('a')
    first.unsubscribe('a')
    await first.expectNothing()
    await second.close()
    expect(await endpoint.eventsUntil(2)).toEqual([occupied('a'), vacated('a')])
  })

  it('tell of each member once, however many sockets they have, with an id that is a string', async () => {
    await using endpoint = await TestEndpoint.start()
    await using server = await serve(endpoint)
    const [laptop, phone] = [await server.connect(), await server.connect()]
    await laptop.subscribe('presence-a', { user_id: 7 })
    await phone.subscribe('presence-a', { user_id: '7' })
    await laptop.close()
    phone.unsubscribe('presence-a')
    await phone.expectNothing()
    expect(await endpoint.eventsUntil(4)).toEqual([
      occupied('presence-a'),
      added('presence-a', '7'),
      removed('presence-a', '7'),
      vacated('presence-a'),
    ])
  })

  it.each([
    ['private-a', undefined, {}],
    ['presence-a', { user_id: '7' }, { user_id: '7' }],
  ])('tell of a client event on %s, its data as a string', async (channel, member, sender) => {
    await using endpoint = await TestEndpoint.start()
    await using server = await serve(endpoint, { webhook: { events: ['client_event'] } })
    const client = await server.connect()
    await client.subscribe(channel, member)
    client.send({ event: 'client-x', channel, data: { a: [1, 'é'] } })
    client.send({ event: 'client-y', channel, data: 'text' })
    const about = { name: 'client_event', channel, socket_id: client.socketId, ...sender }
    expect(await endpoint.eventsUntil(2)).toEqual([
      { ...about, event: 'client-x', data: '{"a":[1,"é"]}' },
      { ...about, event: 'client-y', data: 'text' },
    ])
  })

  it('do not tell of a client event that was refused, or of an event by the app', async () => {
    await using endpoint = await TestEndpoint.start()
    await using server = await serve(endpoint, { webhook: { events: ['client_event'] } })
    const client = await server.connect()
    await client.subscribe('public')
    await client.subscribe('private-a')
    client.send({ event: 'client-x', channel: 'public', data: {} })
    await client.next()
    await server.trigger('private-a', 'client-x', {})
    await client.next()
    client.send({ event: 'client-last', channel: 'private-a', data: {} })
    expect(await endpoint.eventsUntil(1)).toMatchObject([{ event: 'client-last' }])
  })

  it('tell of a cache miss once, until the channel is filled or vacated', async () => {
    await using endpoint = await TestEndpoint.start()
    const clock = new ManualClock(Date.now())
    await using server = await serve(endpoint, {
      clock,
      cache: { ttlSeconds: 1 },
      webhooks: { batchEvents: 1 },
      webhook: { events: ['cache_miss'] },
    })
    const [first, second] = [await server.connect(), await server.connect()]
    for (const client of [first, second]) {
      await client.subscribe('cache-a')
      expect(await client.next()).toMatchObject({ event: 'pusher:cache_miss' })
    }
    for (const client of [first, second]) {
      client.unsubscribe('cache-a')
      await client.expectNothing()
    }
    await first.subscribe('cache-a')
    await server.trigger('cache-a', 'e', 1)
    clock.advance(1001)
    await second.subscribe('cache-a')
    expect(await second.next()).toMatchObject({ event: 'pusher:cache_miss' })
    await second.subscribe('cache-last')
    const miss = (channel: string) => ({ name: 'cache_miss', channel })
    await endpoint.until(() => endpoint.events.at(-1)?.['channel'] === 'cache-last')
    expect(endpoint.events, 'the first, after it was vacated, after it was filled').toEqual([
      miss('cache-a'),
      miss('cache-a'),
      miss('cache-a'),
      miss('cache-last'),
    ])
  })

  it('tell the subscription count down to 0, whether or not clients are sent it', async () => {
    await using endpoint = await TestEndpoint.start()
    await using server = await serve(endpoint, { webhook: { events: ['subscription_count'] } })
    const [first, second] = [await server.connect(), await server.connect()]
    await first.subscribe('a')
    await second.subscribe('presence-a', { user_id: '7' })
    await second.subscribe('a')
    await first.expectNothing()
    await second.expectNothing()
    await first.close()
    second.unsubscribe('a')
    expect(await endpoint.eventsUntil(4)).toEqual([
      count('a', 1),
      count('a', 2),
      count('a', 1),
      count('a', 0),
    ])
  })

  it('tell the count above 100 subscribers every 5 s', async () => {
    await using endpoint = await TestEndpoint.start()
    const clock = new ManualClock()
    await using server = await serve(endpoint, {
      clock,
      webhooks: { batchEvents: 1 },
      webhook: { events: ['subscription_count'] },
    })
    for (let clients = 0; clients < 103; clients += 1) {
      await (await server.connect()).subscribe('a')
    }
    clock.advance(5000)
    expect(await endpoint.eventsUntil(101)).toEqual([
      ...Array.from({ length: 100 }, (_, index) => count('a', index + 1)),
      count('a', 103),
    ])
  })

  it('are only those that its kinds, prefix and suffix let through', async () => {
    await using endpoint = await TestEndpoint.start()
    await using server = await serve(endpoint, {
      webhook: {
        events: ['channel_occupied'],
        channelPrefix: 'private-',
        channelSuffix: '-chat',
      },
    })
    const client = await server.connect()
    await client.subscribe('public-chat')
    await client.subscribe('private-a')
    await client.subscribe('private-a-chat')
    client.unsubscribe('private-a-chat')
    await client.subscribe('private-b-chat')
    expect(await endpoint.eventsUntil(2)).toEqual([
      occupied('private-a-chat'),
      occupied('private-b-chat'),
    ])
  })

  it('of one app do not reach the webhooks of another, nor one of its own that wants others', async () => {
    await using mine = await TestEndpoint.start()
    await using members = await TestEndpoint.start()
    await using others = await TestEndpoint.start()
    await using server = await startServer({
      webhooks: { graceSeconds: 0, batchMilliseconds: 0 },
      apps: [
        {
          ...APP,
          webhooks: [
            { url: mine.url, allowPrivateAddress: true, events: ['channel_occupied'] },
            { url: members.url, allowPrivateAddress: true, events: ['member_added'] },
          ],
        },
        {
          id: '4',
          key: 'other',
          secret: 'other',
          webhooks: [{ url: others.url, allowPrivateAddress: true }],
        },
      ],
    })
    const client = await server.connect()
    await client.subscribe('presence-a', { user_id: '7' })
    expect(await mine.eventsUntil(1)).toEqual([occupied('presence-a')])
    expect(await members.eventsUntil(1)).toEqual([added('presence-a', '7')])
    expect(others.posted).toEqual([])
  })
})

describe('the grace time', () => {
  const TIMES = { graceSeconds: 3, batchMilliseconds: 0, batchEvents: 1 }

  it('keeps a client that comes back from being told as gone', async () => {
    await using endpoint = await TestEndpoint.start()
    const clock = new ManualClock()
    await using server = await serve(endpoint, { clock, webhooks: TIMES })
    const before = await server.connect()
    await before.subscribe('presence-a', { user_id: '7' })
    await before.close()
    clock.advance(2999)
    const after = await server.connect()
    await after.subscribe('presence-a', { user_id: '7' })
    clock.advance(60_000)
    await after.subscribe('marker')
    expect(await endpoint.eventsUntil(4)).toEqual([
      occupied('presence-a'),
      added('presence-a', '7'),
      occupied('marker'),
      count('marker', 1),
    ])
  })

  it('is over after 3 s: removed, then vacated', async () => {
    await using endpoint = await TestEndpoint.start()
    const clock = new ManualClock()
    await using server = await serve(endpoint, { clock, webhooks: TIMES })
    const client = await server.connect()
    await client.subscribe('presence-a', { user_id: '7' })
    client.unsubscribe('presence-a')
    await client.expectNothing()
    clock.advance(2999)
    await client.subscribe('marker')
    clock.advance(1)
    expect(await endpoint.eventsUntil(6)).toEqual([
      occupied('presence-a'),
      added('presence-a', '7'),
      occupied('marker'),
      count('marker', 1),
      removed('presence-a', '7'),
      vacated('presence-a'),
    ])
  })

  it('does not delay what clients see', async () => {
    await using endpoint = await TestEndpoint.start()
    await using server = await serve(endpoint, { clock: new ManualClock(), webhooks: TIMES })
    const [ann, bob] = [await server.connect(), await server.connect()]
    await ann.subscribe('presence-a', { user_id: '7' })
    await bob.subscribe('presence-a', { user_id: '8' })
    await ann.next()
    await bob.close()
    expect(await ann.next()).toMatchObject({ event: 'pusher_internal:member_removed' })
  })

  it('counts for a member on its own: another one who comes changes nothing', async () => {
    await using endpoint = await TestEndpoint.start()
    const clock = new ManualClock()
    await using server = await serve(endpoint, { clock, webhooks: TIMES })
    const [ann, bob] = [await server.connect(), await server.connect()]
    await ann.subscribe('presence-a', { user_id: '7' })
    ann.unsubscribe('presence-a')
    await ann.expectNothing()
    await bob.subscribe('presence-a', { user_id: '8' })
    clock.advance(3000)
    expect(await endpoint.eventsUntil(4)).toEqual([
      occupied('presence-a'),
      added('presence-a', '7'),
      added('presence-a', '8'),
      removed('presence-a', '7'),
    ])
  })

  it('holds for a webhook that wants only one of the two', async () => {
    await using endpoint = await TestEndpoint.start()
    const clock = new ManualClock()
    await using server = await serve(endpoint, {
      clock,
      webhooks: TIMES,
      webhook: { events: ['channel_vacated'] },
    })
    const client = await server.connect()
    await client.subscribe('a')
    client.unsubscribe('a')
    await client.subscribe('a')
    clock.advance(3000)
    await client.subscribe('b')
    client.unsubscribe('b')
    await client.expectNothing()
    clock.advance(3000)
    expect(await endpoint.eventsUntil(1)).toEqual([vacated('b')])
  })
})
