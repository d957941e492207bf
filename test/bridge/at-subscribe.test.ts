/** Private channels without a signature, decided by Laravel with the cookies of the upgrade. */
import { describe, expect, it } from 'vitest'
import { FAILURES } from '../../src/bridge/outcome.ts'
import { countsOf, hmac, startBridged } from '../support/bridge.ts'
import type { Frame, TestClient } from '../support/client.ts'
import type { TestServer, TestServerOptions } from '../support/server.ts'
import { TestLog } from '../support/test-log.ts'
import { Upstream } from '../support/upstream.ts'

const ORIGIN = 'https://app.example.com'
const PAGE = { headers: { Origin: ORIGIN, Cookie: 'laravel_session=ann' } }

const start = (
  laravel: Upstream,
  { app, ...options }: TestServerOptions = {},
): Promise<TestServer> =>
  startBridged(laravel.url, {
    ...options,
    app: {
      allowedOrigins: [ORIGIN],
      ...app,
      laravel: { authAtSubscribe: true, ...app?.laravel },
    },
  })

const subscribe = (client: TestClient, channel: string, auth?: string): void =>
  client.send({ event: 'pusher:subscribe', data: { channel, auth } })

const succeeded = (channel: string): Frame => ({
  event: 'pusher_internal:subscription_succeeded',
  channel,
  data: {},
})

/** An upstream that answers each request when the test says so. */
async function patient(): Promise<{ laravel: Upstream; answer: (body: string) => void }> {
  const waiting: ((body: string) => void)[] = []
  const laravel = await Upstream.start((response) => {
    waiting.push((body) => response.end(body))
  })
  return { laravel, answer: (body) => waiting.shift()?.(body) }
}

describe('a private channel without auth', () => {
  it("is Laravel's to decide, asked with the cookies of the page's upgrade", async () => {
    await using laravel = await Upstream.start()
    await using server = await start(laravel)
    const client = await server.connect({
      headers: { ...PAGE.headers, Referer: `${ORIGIN}/a`, 'User-Agent': 'page', 'X-Other': 'x' },
    })
    subscribe(client, 'private-orders.1')
    expect(await client.next()).toEqual(succeeded('private-orders.1'))

    expect([...(laravel.asked[0]?.form ?? [])]).toEqual([
      ['socket_id', client.socketId],
      ['channel_name', 'private-orders.1'],
    ])
    const {
      host,
      connection,
      'content-length': length,
      ...headers
    } = laravel.asked[0]?.headers ?? {}
    expect(headers).toEqual({
      cookie: 'laravel_session=ann',
      origin: ORIGIN,
      referer: `${ORIGIN}/a`,
      accept: 'application/json',
      'x-requested-with': 'XMLHttpRequest',
      'content-type': 'application/x-www-form-urlencoded',
      via: '1.1 resound',
    })
    await server.trigger('private-orders.1', 'shipped', 1)
    expect(await client.next()).toMatchObject({ event: 'shipped', data: 1 })
  })

  it('may come with an empty auth', async () => {
    await using laravel = await Upstream.start()
    await using server = await start(laravel)
    const client = await server.connect(PAGE)
    subscribe(client, 'private-a', '')
    expect(await client.next()).toEqual(succeeded('private-a'))
  })

  it('is signed by Laravel itself on its pusher and reverb drivers', async () => {
    await using laravel = await Upstream.start((response, { form }) => {
      const auth = hmac(`${form.get('socket_id')}:${form.get('channel_name')}`)
      response.end(JSON.stringify({ auth }))
    })
    await using server = await start(laravel)
    const client = await server.connect(PAGE)
    subscribe(client, 'private-a')
    expect(await client.next()).toEqual(succeeded('private-a'))
  })

  it('is refused when what Laravel signed with is not the secret', async () => {
    await using laravel = await Upstream.start({ body: '{"auth":"278d425bdf160c739803:00"}' })
    await using server = await start(laravel)
    const client = await server.connect(PAGE)
    subscribe(client, 'private-a')
    expect(await client.next()).toMatchObject({
      event: 'pusher:subscription_error',
      data: { type: 'AuthError', status: 401 },
    })
  })

  it.each([
    [403, '', 'denied'],
    [401, '', 'unauthenticated'],
    [500, '', 'failed'],
    [200, '', 'empty'],
  ] as const)('is refused when Laravel says %d "%s"', async (status, body, outcome) => {
    await using laravel = await Upstream.start({ status, body })
    await using server = await start(laravel)
    const client = await server.connect(PAGE)
    subscribe(client, 'private-a')
    expect(await client.next()).toEqual({
      event: 'pusher:subscription_error',
      channel: 'private-a',
      data: {
        type: 'AuthError',
        error: FAILURES[outcome].error,
        status: FAILURES[outcome].status,
      },
    })
    expect(countsOf(server)).toEqual({ [outcome]: 1 })
    await server.trigger('private-a', 'e', 1)
    await client.expectNothing()
  })

  it("cannot contain the Laravel app's Redis prefix", async () => {
    await using laravel = await Upstream.start()
    await using server = await start(laravel, {
      app: { laravel: { redisPrefix: 'shop_', redisUrl: 'redis://127.0.0.1:1' } },
    })
    const client = await server.connect(PAGE)
    subscribe(client, 'private-shop_private-a')
    expect(await client.next()).toMatchObject({
      event: 'pusher:subscription_error',
      data: { status: 403 },
    })
    expect(laravel.asked).toEqual([])
  })
})

describe('Laravel is not asked', () => {
  it('for a connection without an origin: it is not a page', async () => {
    await using laravel = await Upstream.start()
    await using server = await start(laravel)
    const client = await server.connect({ headers: { Cookie: 'laravel_session=ann' } })
    subscribe(client, 'private-a')
    expect(await client.next()).toMatchObject({ event: 'pusher:subscription_error' })
    expect(laravel.asked).toEqual([])
  })

  it.each(['presence-a', 'private-encrypted-a'])('about %s', async (channel) => {
    await using laravel = await Upstream.start()
    await using server = await start(laravel)
    const client = await server.connect(PAGE)
    subscribe(client, channel)
    expect(await client.next()).toMatchObject({ event: 'pusher:subscription_error', channel })
    expect(laravel.asked).toEqual([])
  })

  it('about a channel whose signature is wrong', async () => {
    await using laravel = await Upstream.start()
    await using server = await start(laravel)
    const client = await server.connect(PAGE)
    subscribe(client, 'private-a', 'k:s')
    expect(await client.next()).toMatchObject({ event: 'pusher:subscription_error' })
    expect(laravel.asked).toEqual([])
  })

  it('unless the app has authAtSubscribe', async () => {
    await using laravel = await Upstream.start()
    await using server = await start(laravel, { app: { laravel: { authAtSubscribe: false } } })
    const client = await server.connect(PAGE)
    subscribe(client, 'private-a')
    expect(await client.next()).toMatchObject({ event: 'pusher:subscription_error' })
    expect(laravel.asked).toEqual([])
  })
})

describe('while Laravel thinks about a channel', () => {
  it('everything else goes on', async () => {
    const { laravel, answer } = await patient()
    await using _ = laravel
    await using server = await start(laravel)
    const client = await server.connect(PAGE)
    subscribe(client, 'private-a')
    await laravel.arrivals.next()
    expect(await client.subscribe('b')).toEqual(succeeded('b'))
    expect(await client.subscribe('private-c')).toEqual(succeeded('private-c'))
    await client.expectNothing()
    answer('true')
    expect(await client.next()).toEqual(succeeded('private-a'))
  })

  it('subscribing to it again asks and answers once', async () => {
    const { laravel, answer } = await patient()
    await using _ = laravel
    await using server = await start(laravel)
    const client = await server.connect(PAGE)
    subscribe(client, 'private-a')
    subscribe(client, 'private-a')
    await laravel.arrivals.next()
    answer('true')
    expect(await client.next()).toEqual(succeeded('private-a'))
    await client.expectNothing()
    expect(laravel.asked).toHaveLength(1)
  })

  it('unsubscribing from it takes the question back', async () => {
    const { laravel, answer } = await patient()
    await using _ = laravel
    await using server = await start(laravel)
    const client = await server.connect(PAGE)
    subscribe(client, 'private-a')
    await laravel.arrivals.next()
    client.unsubscribe('private-a')
    await client.expectNothing()
    answer('true')
    await expect.poll(() => countsOf(server)).toEqual({ gone: 1 })
    await client.expectNothing()

    subscribe(client, 'private-a')
    await laravel.arrivals.next()
    answer('true')
    expect(await client.next()).toEqual(succeeded('private-a'))
    await client.expectNothing()
  })

  it('subscribe, unsubscribe and subscribe in one tick ends in one subscription', async () => {
    await using laravel = await Upstream.start()
    await using server = await start(laravel)
    const client = await server.connect(PAGE)
    subscribe(client, 'private-a')
    client.unsubscribe('private-a')
    subscribe(client, 'private-a')
    expect(await client.next()).toEqual(succeeded('private-a'))
    await client.expectNothing()
  })

  it('closing the connection takes the question back', async () => {
    const { laravel } = await patient()
    await using _ = laravel
    await using server = await start(laravel)
    const client = await server.connect(PAGE)
    subscribe(client, 'private-a')
    await laravel.arrivals.next()
    await client.close()
    await expect.poll(() => countsOf(server)).toEqual({ gone: 1 })
    await server.expectEmpty()
  })

  it('it counts as a subscription of the connection', async () => {
    const { laravel, answer } = await patient()
    await using _ = laravel
    await using server = await start(laravel, { limits: { subscriptionsPerConnection: 2 } })
    const client = await server.connect(PAGE)
    await client.subscribe('b')
    subscribe(client, 'private-a')
    subscribe(client, 'private-c')
    expect(await client.next()).toMatchObject({
      event: 'pusher:subscription_error',
      channel: 'private-c',
      data: { type: 'LimitReached', status: 4301 },
    })
    await laravel.arrivals.next()
    answer('true')
    expect(await client.next()).toEqual(succeeded('private-a'))
  })

  it('others may take the last place before it is allowed', async () => {
    const { laravel, answer } = await patient()
    await using _ = laravel
    await using server = await start(laravel, { limits: { subscriptionsPerConnection: 1 } })
    const client = await server.connect(PAGE)
    subscribe(client, 'private-a')
    await laravel.arrivals.next()
    await client.subscribe('b')
    answer('true')
    expect(await client.next()).toMatchObject({
      event: 'pusher:subscription_error',
      channel: 'private-a',
      data: { type: 'LimitReached' },
    })
  })
})

it('asks for six channels of a connection at a time, and for all of them in order', async () => {
  const { laravel, answer } = await patient()
  await using _ = laravel
  await using server = await start(laravel)
  const client = await server.connect(PAGE)
  const channels = Array.from({ length: 20 }, (_each, index) => `private-${index}`)
  for (const channel of channels) subscribe(client, channel)
  for (let first = 0; first < 6; first += 1) await laravel.arrivals.next()
  await client.expectNothing()
  expect(laravel.asked).toHaveLength(6)
  client.unsubscribe('private-19')
  for (const [index] of channels.entries()) {
    answer('true')
    if (index < 13) await laravel.arrivals.next()
    if (index < 19) await client.next()
  }
  await client.expectNothing()
  expect(laravel.asked.map(({ form }) => form.get('channel_name')).sort()).toEqual(
    channels.slice(0, 19).sort(),
  )
})

it('follows a reload that turns it off and on', async () => {
  await using laravel = await Upstream.start()
  await using server = await start(laravel)
  const client = await server.connect(PAGE)
  const [app] = server.config.apps
  if (app === undefined) throw new Error('no app')
  const off = { ...app, laravel: { ...app.laravel, authAtSubscribe: false } }
  server.server.reload({ ...server.config, apps: [off] })
  subscribe(client, 'private-a')
  expect(await client.next()).toMatchObject({ event: 'pusher:subscription_error' })
  server.server.reload(server.config)
  subscribe(client, 'private-a')
  expect(await client.next()).toEqual(succeeded('private-a'))
})

it('a fault of ours leaves no channel waiting for ever', async () => {
  const log = new TestLog()
  await using laravel = await Upstream.start()
  await using server = await start(laravel, { logger: log.logger })
  const client = await server.connect(PAGE)
  const [app] = server.config.apps
  if (app === undefined) throw new Error('no app')
  const unchecked = { ...app, laravel: { ...app.laravel, authUrl: 'no URL' } }
  server.server.reload({ ...server.config, apps: [unchecked] })
  subscribe(client, 'private-a')
  await log.line(/by a fault of ours/)
  server.server.reload(server.config)
  subscribe(client, 'private-a')
  expect(await client.next()).toEqual(succeeded('private-a'))
})
