/** What becomes of a request that an endpoint does not take: order, retries, the end of them, and bounds. */
import { describe, expect, it, vi } from 'vitest'
import { Config } from '../../src/config/schema.ts'
import { countingClock, ManualClock } from '../support/clock.ts'
import { TestEndpoint } from '../support/endpoint.ts'
import { eventually } from '../support/eventually.ts'
import { metricOf, scrape } from '../support/metrics.ts'
import { startRedis } from '../support/redis.ts'
import { APP, startServer, type TestServer, type TestServerOptions } from '../support/server.ts'
import { TestLog } from '../support/test-log.ts'

const hook = (endpoint: TestEndpoint, more: object = {}) => ({
  url: endpoint.url,
  allowPrivateAddress: true,
  events: ['channel_occupied' as const],
  ...more,
})

/** A server on a clock turned by hand, whose webhook posts each event as it happens. */
const serve = (
  endpoint: TestEndpoint,
  { webhooks, app, ...more }: TestServerOptions = {},
): Promise<TestServer> =>
  startServer({
    ...more,
    webhooks: { graceSeconds: 0, batchEvents: 1, ...webhooks },
    app: { webhooks: [hook(endpoint)], ...app },
  })

/** Subscribes to channels in this order, which occupies them. */
async function occupy(server: TestServer, ...channels: string[]): Promise<void> {
  const client = await server.connect()
  for (const channel of channels) await client.subscribe(channel)
}

const channelsOf = (endpoint: TestEndpoint): unknown[] =>
  endpoint.events.map(({ channel }) => channel)

/** Lets the clock run until the endpoint has been asked once more. */
async function untilRetried(endpoint: TestEndpoint, clock: ManualClock): Promise<void> {
  const before = endpoint.posted.length
  await eventually(() => {
    clock.advance(1000)
    if (endpoint.posted.length === before) throw new Error('not yet')
  })
}

const counts = (server: TestServer): Promise<number[]> =>
  Promise.all(
    ['delivered', 'retried', 'failed', 'dropped'].map((outcome) =>
      metricOf(server, 'resound_webhooks_total', { outcome }),
    ),
  )

describe('a request that fails', () => {
  it.each([
    ['is refused', () => ({ status: 400 })],
    ['is forbidden', () => ({ status: 403 })],
    ['fails', () => ({ status: 500 })],
    ['is redirected', () => ({ status: 302, headers: { Location: '/elsewhere' } })],
  ])('is made again when it %s, the same to the byte', async (_what, answer) => {
    await using endpoint = await TestEndpoint.start()
    const clock = new ManualClock()
    await using server = await serve(endpoint, { clock })
    endpoint.answer(answer)
    await occupy(server, 'a')
    const first = await endpoint.next()
    await untilRetried(endpoint, clock)
    endpoint.answer(() => ({ status: 200 }))
    const second = await endpoint.next()
    expect(second.body).toBe(first.body)
    expect(second.headers['x-pusher-signature']).toBe(first.headers['x-pusher-signature'])
    expect(endpoint.posted.map(({ path }) => path)).not.toContain('/elsewhere')
  })

  it('holds up what comes after it at its endpoint, and nobody else', async () => {
    await using bad = await TestEndpoint.start()
    await using good = await TestEndpoint.start()
    const clock = new ManualClock()
    await using server = await serve(bad, {
      clock,
      app: { webhooks: [hook(bad), hook(good)] },
    })
    bad.answer(() => ({ status: 503 }))
    await occupy(server, 'a', 'b', 'c')
    await good.eventsUntil(3)
    expect(channelsOf(good)).toEqual(['a', 'b', 'c'])
    expect(channelsOf(bad)).toEqual(['a'])
    await untilRetried(bad, clock)
    expect(channelsOf(bad)).toEqual(['a', 'a'])
    bad.answer(() => ({ status: 200 }))
    await untilRetried(bad, clock)
    await bad.eventsUntil(5)
    expect(channelsOf(bad)).toEqual(['a', 'a', 'a', 'b', 'c'])
  })

  it('is made again at growing intervals', async () => {
    await using endpoint = await TestEndpoint.start()
    const clock = new ManualClock()
    const times: number[] = []
    endpoint.answer(() => {
      times.push(clock.now())
      return { status: 500 }
    })
    await using server = await serve(endpoint, { clock })
    await occupy(server, 'a')
    await endpoint.next()
    for (let retries = 0; retries < 9; retries += 1) {
      const before = endpoint.posted.length
      await vi.waitFor(
        () => {
          clock.advance(50)
          if (endpoint.posted.length === before) throw new Error('not yet')
        },
        { interval: 1, timeout: 10_000 },
      )
    }
    const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0))
    for (const [index, wait] of waits.entries()) {
      const longest = Math.min(1000 * 2 ** index, 60_000)
      expect(wait, `wait ${index + 1}`).toBeGreaterThanOrEqual(longest / 2)
    }
  }, 60_000)

  it('is given up after the retry time, and what follows is delivered', async () => {
    await using endpoint = await TestEndpoint.start()
    const clock = new ManualClock()
    const log = new TestLog()
    await using server = await serve(endpoint, {
      clock,
      logger: log.logger,
      webhooks: { retrySeconds: 10 },
    })
    endpoint.answer(() => ({ status: 500 }))
    await occupy(server, 'a')
    await endpoint.next()
    expect(await log.line(/trying again/)).toMatchObject({
      appId: '3',
      webhook: endpoint.url,
      reason: 'status 500',
    })
    await eventually(async () => {
      clock.advance(1000)
      expect((await counts(server))[2]).toBe(1)
    })
    expect(await log.line(/given up/)).toMatchObject({ events: 1, reason: 'status 500' })
    endpoint.answer(() => ({ status: 200 }))
    await occupy(server, 'b')
    await endpoint.until(() => channelsOf(endpoint).at(-1) === 'b')
    await eventually(async () => expect((await counts(server))[0]).toBe(1))
    expect((await counts(server))[1]).toBeGreaterThan(0)
  })

  it('takes with it what waited behind it for as long', async () => {
    await using endpoint = await TestEndpoint.start()
    const clock = new ManualClock()
    await using server = await serve(endpoint, { clock, webhooks: { retrySeconds: 5 } })
    endpoint.answer(() => ({ status: 500 }))
    await occupy(server, 'a', 'b', 'c')
    await eventually(async () => {
      clock.advance(1000)
      expect((await counts(server))[2]).toBe(3)
    })
    expect(new Set(channelsOf(endpoint)), 'b and c were never tried').toEqual(new Set(['a']))
  })

  it('is seen when nobody answers at all, and told without the password of the URL', async () => {
    const log = new TestLog()
    await using endpoint = await TestEndpoint.start()
    endpoint.answer(() => new Promise(() => undefined))
    await using server = await startServer({
      logger: log.logger,
      webhooks: { graceSeconds: 0, timeoutSeconds: 1 },
      app: { webhooks: [hook(endpoint, { url: endpoint.url.replace('//', '//ann:secret@') })] },
    })
    await occupy(server, 'a')
    const line = await log.line(/trying again/)
    expect(line).toMatchObject({ reason: 'timeout', webhook: endpoint.url })
    expect(JSON.stringify(line)).not.toContain('secret')
  })
})

describe('memory', () => {
  it('is bounded: what does not fit is dropped, counted, and said once', async () => {
    await using endpoint = await TestEndpoint.start()
    const log = new TestLog()
    endpoint.answer(() => ({ status: 500 }))
    await using server = await serve(endpoint, {
      clock: new ManualClock(),
      logger: log.logger,
      webhooks: { queuedBytes: 1024 },
    })
    const channels = Array.from({ length: 30 }, (_, index) => `channel-${index}`)
    await occupy(server, ...channels)
    await eventually(async () => {
      const dropped = (await counts(server))[3] ?? 0
      const waiting = await metricOf(server, 'resound_webhooks_queued')
      expect(dropped).toBeGreaterThan(10)
      expect(dropped + waiting).toBe(30)
    })
    expect(log.lines(/dropped/)).toHaveLength(1)
  })
})

describe('a server that stops', () => {
  it('delivers first what waits: for its grace time, its batch, or its turn', async () => {
    await using endpoint = await TestEndpoint.start()
    {
      await using server = await startServer({
        webhooks: { graceSeconds: 60, batchMilliseconds: 10_000 },
        app: {
          webhooks: [hook(endpoint, { events: ['channel_occupied', 'channel_vacated'] })],
        },
      })
      await occupy(server, 'a')
    }
    expect(endpoint.events).toEqual([
      { name: 'channel_occupied', channel: 'a' },
      { name: 'channel_vacated', channel: 'a' },
    ])
  })

  it('tries a failing endpoint once more, and says how many events are lost', async () => {
    await using endpoint = await TestEndpoint.start()
    const log = new TestLog()
    endpoint.answer(() => ({ status: 500 }))
    {
      await using server = await serve(endpoint, { clock: new ManualClock(), logger: log.logger })
      await occupy(server, 'a', 'b')
      await endpoint.next()
      await log.line(/trying again/)
    }
    expect(channelsOf(endpoint)).toEqual(['a', 'a'])
    expect(await log.line(/lost/)).toMatchObject({ events: 2 })
  })

  it('does not wait longer than 5 s for an endpoint that does not answer', async () => {
    await using endpoint = await TestEndpoint.start()
    const log = new TestLog()
    const clock = new ManualClock()
    endpoint.answer(() => new Promise(() => undefined))
    const server = await serve(endpoint, {
      clock,
      logger: log.logger,
      webhooks: { timeoutSeconds: 60 },
    })
    await occupy(server, 'a')
    await endpoint.next()
    const stopped = server[Symbol.asyncDispose]()
    await eventually(() => {
      clock.advance(5000)
      expect(clock.running).toBe(0)
    })
    await stopped
    expect(await log.line(/lost/)).toMatchObject({ events: 1 })
  })
})

describe('a changed configuration', () => {
  const reload = (server: TestServer, app: object): void => {
    server.server.reload(
      Config.parse({ ...server.config, apps: [{ ...server.config.apps[0], ...app }] }),
    )
  }

  it('adds a webhook to a running server, and takes it away', async () => {
    await using endpoint = await TestEndpoint.start()
    await using server = await serve(endpoint, { app: { webhooks: [] } })
    const client = await server.connect()
    await client.subscribe('before')
    reload(server, { webhooks: [hook(endpoint)] })
    await client.subscribe('during')
    await endpoint.next()
    reload(server, { webhooks: [] })
    await client.subscribe('after')
    reload(server, { webhooks: [hook(endpoint)] })
    await client.subscribe('again')
    await endpoint.next()
    expect(channelsOf(endpoint)).toEqual(['during', 'again'])
  })

  it('lets what waits go to the same URL with new headers', async () => {
    await using endpoint = await TestEndpoint.start()
    const clock = new ManualClock()
    await using server = await serve(endpoint, { clock })
    endpoint.answer(({ headers }) => ({ status: headers['x-tenant'] === 'one' ? 200 : 401 }))
    await occupy(server, 'a')
    await endpoint.next()
    reload(server, { webhooks: [hook(endpoint, { headers: { 'X-Tenant': 'one' } })] })
    await untilRetried(endpoint, clock)
    await eventually(async () => expect((await counts(server))[0]).toBe(1))
  })

  it('drops what waits for a webhook that is gone', async () => {
    await using endpoint = await TestEndpoint.start()
    const log = new TestLog()
    await using server = await serve(endpoint, { clock: new ManualClock(), logger: log.logger })
    endpoint.answer(() => ({ status: 500 }))
    await occupy(server, 'a', 'b')
    await endpoint.next()
    reload(server, { webhooks: [] })
    expect((await counts(server))[3]).toBe(2)
    expect(await metricOf(server, 'resound_webhooks_queued')).toBe(0)
    expect(log.lines(/dropped/)).toEqual([
      expect.objectContaining({ events: 2, msg: expect.stringContaining('no longer configured') }),
    ])
  })

  it('forgets what was counted of an app that is gone', async () => {
    await using endpoint = await TestEndpoint.start()
    await using server = await serve(endpoint)
    await occupy(server, 'a')
    await eventually(async () => expect((await counts(server))[0]).toBe(1))
    const other = { ...APP, id: 'other', key: 'other' }
    server.server.reload(Config.parse({ ...server.config, apps: [other] }))
    const series = [...(await scrape(server)).keys()]
    expect(series.filter((name) => /^resound_webhooks_/.test(name))).toEqual([])
  })
})

describe('a Redis that does not answer', () => {
  it('holds up no client, and what it was to keep arrives when it does', async () => {
    await using redis = await startRedis()
    await using endpoint = await TestEndpoint.start()
    await using server = await startServer({
      redis: { url: redis.url },
      webhooks: { graceSeconds: 0, batchMilliseconds: 0 },
      app: { clientEvents: true, webhooks: [hook(endpoint, { events: ['client_event'] })] },
    })
    const [ann, bob] = [await server.connect(), await server.connect()]
    for (const client of [ann, bob]) await client.subscribe('private-a')
    ann.send({ event: 'client-before', channel: 'private-a', data: {} })
    await bob.next()
    await endpoint.eventsUntil(1)

    redis.pause()
    const events = ['client-1', 'client-2', 'client-3']
    for (const event of events) {
      ann.send({ event, channel: 'private-a', data: {} })
      expect(await bob.next()).toMatchObject({ event })
    }
    expect(endpoint.events).toHaveLength(1)
    redis.resume()
    await endpoint.eventsUntil(4)
    expect(endpoint.events.slice(1).map(({ event }) => event)).toEqual(events)
  })
})

describe('an app without webhooks', () => {
  it('is told nothing, and counts nothing', async () => {
    await using server = await startServer({ clock: countingClock(), apps: [{ ...APP }] })
    await occupy(server, 'a')
    const [delivered] = await counts(server)
    expect(delivered).toBe(0)
  })
})
