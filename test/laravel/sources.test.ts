import { describe, expect, it } from 'vitest'
import { Config } from '../../src/config/schema.ts'
import { ManualClock, type TestClock } from '../support/clock.ts'
import { metricOf, sampleOf } from '../support/metrics.ts'
import { PATIENCE_MILLISECONDS } from '../support/patience.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { APP, startServer, type TestServer, type TestServerOptions } from '../support/server.ts'
import { TestLog } from '../support/test-log.ts'
import { published } from './listening.ts'

type AppOptions = NonNullable<TestServerOptions['apps']>

/** A server that hears `redis`, once it does: each message has one more receiver then. */
async function startHearing(
  redis: TestRedis,
  apps: AppOptions = [{ ...APP, laravel: { redisPrefix: 'p_' } }],
  clock?: TestClock,
): Promise<TestServer> {
  const receivers = (): Promise<number[]> =>
    Promise.all(apps.map(({ laravel }) => redis.client.publish(`${laravel?.redisPrefix}probe`, '')))
  const before = await receivers()
  const server = await startServer({
    apps,
    redis: { url: redis.url },
    ...(clock === undefined ? {} : { clock }),
  })
  await expect.poll(receivers).toEqual(before.map((count) => count + 1))
  return server
}

const frame = (channel: string, id: number) => ({ event: 'Said', channel, data: { id } })

describe('a server that hears a Laravel app over Redis', () => {
  it('delivers to the channel’s subscribers, except to the socket that the event names', async () => {
    await using redis = await startRedis()
    await using server = await startHearing(redis)
    const [sender, other] = [await server.connect(), await server.connect()]
    await sender.subscribe('private-room')
    await other.subscribe('private-room')
    const { socketId } = sender
    const payload = { event: 'Said', data: { id: 1, socket: socketId }, socket: socketId }
    await redis.client.publish('p_private-room', JSON.stringify(payload))
    expect(await other.nextText()).toBe(
      String.raw`{"event":"Said","channel":"private-room","data":"{\"id\":1}"}`,
    )
    await sender.expectNothing()
  })

  it('remembers events of cache channels that nobody hears', async () => {
    await using redis = await startRedis()
    await using server = await startHearing(redis)
    await redis.client.publish('p_cache-news', published(1))
    await redis.client.publish('p_cache-marker', published(2))
    const client = await server.connect()
    await client.subscribe('cache-marker')
    expect(await client.next()).toEqual(frame('cache-marker', 2))
    await client.subscribe('cache-news')
    expect(await client.next()).toEqual(frame('cache-news', 1))
  })

  it('counts events that nobody hears, as those over HTTP', async () => {
    await using redis = await startRedis()
    await using server = await startHearing(redis)
    const client = await server.connect()
    await client.subscribe('news')
    const counts = () =>
      Promise.all([
        metricOf(server, 'resound_events_received_total', { source: 'redis' }),
        metricOf(server, 'resound_events_unheard_total'),
      ])
    await redis.client.publish('p_news', published(1))
    expect(await client.next()).toEqual(frame('news', 1)) // and the probes are behind it
    const [received, unheard] = await counts()
    await redis.client.publish('p_nobody', published(2))
    await redis.client.publish('p_news', published(3))
    expect(await client.next()).toEqual(frame('news', 3))
    expect(await counts()).toEqual([received + 2, unheard + 1])
  })

  it('drops what is in clear on an encrypted channel, and counts it', async () => {
    await using redis = await startRedis()
    await using server = await startHearing(redis)
    const client = await server.connect()
    for (const channel of ['private-encrypted-room', 'news']) await client.subscribe(channel)
    await redis.client.publish('p_private-encrypted-room', published(1))
    await redis.client.publish('p_news', published(2))
    expect(await client.next()).toEqual(frame('news', 2))
    const labels = { reason: 'encrypted' }
    expect(await metricOf(server, 'resound_redis_ignored_total', labels)).toBe(1)
  })

  it('hears it on each of two nodes, once each', async () => {
    await using redis = await startRedis()
    await using one = await startHearing(redis)
    await using two = await startHearing(redis)
    const clients = [await one.connect(), await two.connect()]
    for (const client of clients) await client.subscribe('news')
    await redis.client.publish('p_news', published(1))
    for (const client of clients) {
      expect(await client.next()).toEqual(frame('news', 1))
      await client.expectNothing()
    }
  })

  it('is not ready for new clients while Redis is away, and serves those it has', async () => {
    await using redis = await startRedis()
    await using server = await startHearing(redis)
    const ready = async (): Promise<unknown> => (await fetch(`${server.url}/ready`)).json()
    await expect.poll(ready).toEqual({ ready: true, reason: 'serving' })
    const client = await server.connect()
    await client.subscribe('news')
    await redis.stop()
    await expect.poll(ready).toEqual({
      ready: false,
      reason: 'Redis, where a Laravel app publishes, does not answer',
    })
    await server.trigger('news', 'Said', { id: 1 })
    expect(await client.next()).toEqual(frame('news', 1))
    await redis.start()
    await expect
      .poll(ready, { timeout: PATIENCE_MILLISECONDS })
      .toEqual({ ready: true, reason: 'serving' })
  })

  it('counts for how long messages were lost and how often Redis came back, for good', async () => {
    await using redis = await startRedis()
    const clock = new ManualClock()
    await using server = await startHearing(redis, undefined, clock)
    const counts = () =>
      Promise.all([
        sampleOf(server.server, 'resound_redis_lost_seconds_total'),
        sampleOf(server.server, 'resound_redis_reconnects_total'),
        sampleOf(server.server, 'resound_redis_up'),
      ])
    expect(await counts()).toEqual([0, 0, 1])
    await redis.stop()
    await expect.poll(async () => (await counts())[2]).toBe(0)
    clock.advance(2000)
    expect(await counts()).toEqual([2, 0, 0])
    clock.advance(1000)
    await redis.start()
    await expect.poll(counts, { timeout: PATIENCE_MILLISECONDS }).toEqual([3, 1, 1])
    clock.advance(1000)
    server.server.reload(Config.parse({ ...server.config, apps: [APP] }))
    expect(await counts()).toEqual([3, 1, 1]) // the nodes go on sharing it
  })

  it('gives an event to no other app, and nothing to a disabled one', async () => {
    await using redis = await startRedis()
    const other = { id: '4', key: 'other-key', secret: 'other-secret' }
    const apps = [
      { ...APP, laravel: { redisPrefix: 'p_' } },
      { ...other, laravel: { redisPrefix: 'q_' } },
      { id: '5', key: 'off', secret: 'off', enabled: false, laravel: { redisPrefix: 'off_' } },
    ]
    await using server = await startHearing(redis, apps)
    const mine = await server.connect()
    const theirs = server.dial(server.wsUrl.replace(APP.key, other.key), {}, other)
    await theirs.established()
    for (const client of [mine, theirs]) await client.subscribe('news')
    await redis.client.publish('off_news', published(1))
    await redis.client.publish('q_news', published(2))
    expect(await theirs.next()).toEqual(frame('news', 2))
    await redis.client.publish('p_news', published(3))
    expect(await mine.next()).toEqual(frame('news', 3))
  })

  it('hears each app at its own Redis, of whatever kind, and is ready while all of them answer', async () => {
    await using redis = await startRedis()
    await using cluster = await startCluster()
    const log = new TestLog()
    const other = { id: '4', key: 'other-key', secret: 'other-secret' }
    await using server = await startServer({
      redis: { url: redis.url },
      apps: [
        { ...APP, laravel: { redisPrefix: 'p_' } },
        { ...other, laravel: { redisPrefix: 'p_', redisCluster: cluster.urls } },
      ],
      logger: log.logger,
    })
    await expect.poll(() => log.lines(/^listening to Redis/).length).toBe(2)
    const mine = await server.connect()
    const theirs = server.dial(server.wsUrl.replace(APP.key, other.key), {}, other)
    await theirs.established()
    for (const client of [mine, theirs]) await client.subscribe('news')
    await cluster.nodes[1]?.client.publish('p_news', published(1))
    await redis.client.publish('p_news', published(2))
    expect(await theirs.next()).toEqual(frame('news', 1))
    expect(await mine.next()).toEqual(frame('news', 2))

    const ready = async (): Promise<number> => (await fetch(`${server.url}/ready`)).status
    expect(await ready()).toBe(200)
    for (const node of cluster.nodes) await node.stop('lost')
    await expect.poll(ready).toBe(503)
    expect(await sampleOf(server.server, 'resound_redis_up')).toBe(0)
    await redis.client.publish('p_news', published(3))
    expect(await mine.next()).toEqual(frame('news', 3))
  })

  it('hears what a reloaded configuration asks for', async () => {
    await using redis = await startRedis()
    await using elsewhere = await startRedis()
    await using server = await startHearing(redis)
    const client = await server.connect()
    await client.subscribe('news')
    const reload = (laravel: object): void => {
      server.server.reload(Config.parse({ ...server.config, apps: [{ ...APP, laravel }] }))
    }

    reload({ redisPrefix: 'q_' })
    await expect.poll(() => redis.client.publish('q_probe', '')).toBe(1)
    await redis.client.publish('p_news', published(1))
    await redis.client.publish('q_news', published(2))
    expect(await client.next()).toEqual(frame('news', 2))

    reload({ redisPrefix: 'q_', redisUrl: elsewhere.url })
    await expect.poll(() => elsewhere.client.publish('q_probe', '')).toBe(1)
    await redis.client.publish('q_news', published(3))
    await elsewhere.client.publish('q_news', published(4))
    expect(await client.next()).toEqual(frame('news', 4))

    reload({})
    await expect.poll(() => elsewhere.client.pubsub('NUMPAT')).toBe(0)
  })
})
