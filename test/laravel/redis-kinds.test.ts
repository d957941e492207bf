import { copyFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createAuthority } from '../support/certificate.ts'
import { Directory } from '../support/directory.ts'
import { PATIENCE_MILLISECONDS } from '../support/patience.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { startSentinel } from '../support/redis-sentinel.ts'
import { app, at, type Listening, listen, said } from './listening.ts'

const CHECK_INTERVAL_MS = 5000

const portIn = (place: unknown): number => Number(String(place).split(':')[1])

/** Which of these Redis servers a listener is connected to. */
async function heardAt(servers: readonly TestRedis[]): Promise<TestRedis> {
  const patterns = await Promise.all(servers.map(({ client }) => client.pubsub('NUMPAT')))
  const counts = patterns.map(Number)
  expect(counts.toSorted()).toEqual([...Array(servers.length - 1).fill(0), 1])
  const found = servers.find((_, index) => counts[index] === 1)
  if (found === undefined) throw new Error('nobody listens')
  return found
}

/** Turns the clock from check to check until a line is logged that begins so. */
async function checkingUntil(laravel: Listening, beginning: string): Promise<unknown> {
  const isThere = (): boolean => laravel.lines.some(({ msg }) => String(msg).startsWith(beginning))
  await expect
    .poll(
      () => {
        if (!isThere()) laravel.clock.advance(CHECK_INTERVAL_MS)
        return isThere()
      },
      { interval: 200, timeout: PATIENCE_MILLISECONDS },
    )
    .toBe(true)
  return await laravel.line(beginning)
}

describe('a Redis that speaks TLS only', () => {
  it('is heard with its own authority and a client certificate', async () => {
    using directory = new Directory()
    await using redis = await startRedis({ tls: createAuthority(directory), password: 'secret' })
    await using laravel = listen({ ...at(redis.url), tls: redis.tls }, app('p_'))
    await laravel.line('listening to Redis')
    expect(await laravel.marker(redis, 'p_orders')).toEqual(said(0, 'orders'))
  })

  it('is heard again with a certificate that was replaced meanwhile', async () => {
    using directory = new Directory()
    using replacement = new Directory()
    await using redis = await startRedis({ tls: createAuthority(directory) })
    const other = createAuthority(replacement)
    await using laravel = listen({ ...at(redis.url), tls: redis.tls }, app('p_'))
    await laravel.line('listening to Redis')
    await redis.stop()
    for (const [from, to] of [
      [other.ca, redis.tls.ca],
      [other.client.cert, redis.tls.cert],
      [other.client.key, redis.tls.key],
      [other.server.cert, directory.file('server.pem')],
      [other.server.key, directory.file('server-key.pem')],
    ] as const) {
      if (to !== undefined) copyFileSync(from, to)
    }
    await redis.start()
    await laravel.line('Redis is back')
    expect(await laravel.marker(redis, 'p_orders')).toEqual(said(0, 'orders'))
  })

  it.each([
    ['an authority', { ca: undefined }, /in redis\.tls\.ca/],
    ['a client certificate', { cert: undefined, key: undefined }, /in redis\.tls\.cert/],
    ['a file that is there', { ca: 'nowhere.pem' }, /Check the paths of redis\.tls/],
  ])('tells what to do without %s', async (_, without, remedy) => {
    using directory = new Directory()
    await using redis = await startRedis({ tls: createAuthority(directory) })
    await using laravel = listen({ ...at(redis.url), tls: { ...redis.tls, ...without } }, app('p_'))
    expect(await laravel.line('Redis is unreachable')).toMatchObject({
      remedy: expect.stringMatching(remedy),
    })
  })

  it('is told apart from one that speaks none', async () => {
    using directory = new Directory()
    await using redis = await startRedis({ tls: createAuthority(directory) })
    await using laravel = listen(redis.url.replace('rediss:', 'redis:'), app('p_'))
    expect(await laravel.line('Redis is unreachable')).toMatchObject({
      remedy: expect.stringContaining('If it speaks TLS only, write rediss://.'),
    })
    await using plain = await startRedis()
    await using waiting = listen(plain.url.replace('redis:', 'rediss:'), app('p_'))
    expect(await waiting.line('Redis is unreachable')).toMatchObject({
      remedy: expect.stringContaining('If it speaks no TLS, write redis://'),
    })
  })
})

describe('a Redis under Sentinels', () => {
  it('is heard at its new master after a failover, saying what was lost', async () => {
    await using redis = await startSentinel()
    await using laravel = listen(redis.target, app('p_'))
    const line = await laravel.line('listening to Redis')
    expect(portIn(line['at'])).toBe(redis.master.port)
    expect(await laravel.marker(redis.master, 'p_orders')).toEqual(said(0, 'orders'))
    laravel.clock.advance(1000)

    await redis.loseMaster()
    await laravel.line('Redis is unreachable')
    laravel.clock.advance(1000)
    const back = await laravel.line('Redis is back')
    expect(portIn(back['at'])).toBe(redis.master.port)
    expect(back).toMatchObject({ lostFrom: '2026-01-01T00:00:00.000Z' })
    expect(await laravel.marker(redis.master, 'p_orders')).toEqual(said(0, 'orders'))
    expect(laravel.listener.state).toMatchObject({ isUp: true, reconnects: 1 })
    expect(laravel.lines).toEqual([])
  })

  it('leaves a master that is none any more but still answers', async () => {
    await using redis = await startSentinel()
    await using laravel = listen(redis.target, app('p_'))
    await laravel.line('listening to Redis')
    const { master: former } = redis
    laravel.clock.advance(1000)
    await redis.failover()

    expect(await checkingUntil(laravel, 'Redis is elsewhere now')).toMatchObject({
      level: 40,
      left: `127.0.0.1:${former.port}`,
    })
    const back = await laravel.line('Redis is back')
    expect(portIn(back['at'])).toBe(redis.master.port)
    expect(await laravel.marker(redis.master, 'p_orders')).toEqual(said(0, 'orders'))
  })

  it('is heard with passwords and TLS, also to the Sentinels', async () => {
    using directory = new Directory()
    await using redis = await startSentinel({
      tls: createAuthority(directory),
      password: 'of-redis',
      sentinelPassword: 'of-sentinels',
    })
    await using laravel = listen(redis.target, app('p_'))
    await laravel.line('listening to Redis')
    expect(await laravel.marker(redis.master, 'p_orders')).toEqual(said(0, 'orders'))
  })

  it('tells what to do about a name or password that the Sentinels refuse', async () => {
    await using redis = await startSentinel({ sentinelPassword: 'right' })
    const target = redis.target
    await using unknown = listen({ ...target, url: 'redis://nobody' }, app('p_'))
    expect(await unknown.line('Redis refuses the connection')).toMatchObject({
      reason: expect.stringContaining('No such master'),
      remedy: expect.stringContaining('as the host of the URL'),
    })
    const sentinels = target.sentinels.map((url) => url.replace('right', 'wrong-password'))
    await using refused = listen({ ...target, sentinels }, app('p_'))
    const line = await refused.line('Redis refuses the connection')
    expect(line).toMatchObject({ reason: expect.stringContaining('WRONGPASS') })
    expect(JSON.stringify(line)).not.toContain('wrong-password')
  })

  it('is waited for while no Sentinel answers, and leaves nothing behind', async () => {
    await using redis = await startSentinel()
    for (const sentinel of redis.sentinels) sentinel.pause()
    const laravel = listen(redis.target, app('p_'))
    await laravel.listener.stop()
    expect(laravel.lines).toEqual([])
    await using again = listen(redis.target, app('p_'))
    expect(await again.line('Redis is unreachable')).toMatchObject({
      reason: expect.stringContaining('timed out'),
    })
    for (const sentinel of redis.sentinels) sentinel.resume()
    await again.line('Redis is back')
    expect(await again.marker(redis.master, 'p_orders')).toEqual(said(0, 'orders'))
  })
})

describe('a Redis Cluster', () => {
  it('is heard once, at one node, whichever node is published on', async () => {
    await using redis = await startCluster()
    await using laravel = listen(redis.target, app('p_'))
    await laravel.line('listening to Redis')
    await heardAt(redis.nodes)
    for (const node of redis.nodes) {
      expect(await laravel.marker(node, 'p_orders')).toEqual(said(0, 'orders'))
    }
    expect(laravel.events).toEqual([])
  })

  it('is heard at another node when the one listened to is lost, also if only that one is configured', async () => {
    await using redis = await startCluster()
    const [first] = redis.nodes
    await using laravel = listen({ ...redis.target, cluster: [first?.url ?? ''] }, app('p_'))
    await laravel.line('listening to Redis')
    laravel.clock.advance(1000)
    await first?.stop('lost')
    await laravel.line('Redis is unreachable')
    const back = await laravel.line('Redis is back')
    expect(back).toMatchObject({
      lostFrom: '2026-01-01T00:00:00.000Z',
      lostSeconds: 1,
    })
    const others = redis.nodes.slice(1)
    expect((await heardAt(others)).port).toBe(portIn(back['at']))
    for (const node of others) {
      expect(await laravel.marker(node, 'p_orders')).toEqual(said(0, 'orders'))
    }
    expect(laravel.events).toEqual([])
  })

  it('leaves a node that the others have removed but that still answers', async () => {
    await using redis = await startCluster()
    await using laravel = listen(redis.target, app('p_'))
    await laravel.line('listening to Redis')
    const removed = await heardAt(redis.nodes)
    const id = String(await removed.client.cluster('MYID'))
    const others = redis.nodes.filter((node) => node !== removed)
    for (const { client } of others) await client.cluster('FORGET', id)
    expect(await checkingUntil(laravel, 'Redis is elsewhere now')).toMatchObject({
      left: `127.0.0.1:${removed.port}`,
    })
    const back = await laravel.line('Redis is back')
    expect(portIn(back['at'])).not.toBe(removed.port)
  })

  it('leaves a node that hangs', async () => {
    await using redis = await startCluster()
    await using laravel = listen(redis.target, app('p_'))
    await laravel.line('listening to Redis')
    const hanging = await heardAt(redis.nodes)
    hanging.pause()
    await checkingUntil(laravel, 'Redis is')
    await laravel.line('Redis is back')
    const others = redis.nodes.filter((node) => node !== hanging)
    await heardAt(others)
    hanging.resume()
  })

  it('is heard by a user who may only listen, at the configured nodes', async () => {
    const ann = ['ann', 'on', '>secret', 'resetchannels', '&p_*', '+psubscribe', '+ping']
    await using redis = await startCluster({ users: [ann] })
    const cluster = redis.nodes.map((node) => node.urlFor('ann:secret'))
    await using laravel = listen({ ...redis.target, cluster }, app('p_'))
    await laravel.line('listening to Redis')
    await (await heardAt(redis.nodes)).stop('lost')
    await laravel.line('Redis is back')
    expect(laravel.lines).toMatchObject([{ msg: expect.stringContaining('Redis is unreachable') }])
  })

  it('is heard with a password and TLS', async () => {
    using directory = new Directory()
    await using redis = await startCluster({ tls: createAuthority(directory), password: 'secret' })
    await using laravel = listen(redis.target, app('p_'))
    await laravel.line('listening to Redis')
    for (const node of redis.nodes) {
      expect(await laravel.marker(node, 'p_orders')).toEqual(said(0, 'orders'))
    }
  })

  it('is waited for while all its nodes are away, and told apart from a Redis by itself', async () => {
    await using redis = await startRedis()
    await using laravel = listen({ cluster: [redis.url], sentinels: [], tls: {} }, app('p_'))
    expect(await laravel.line('Redis refuses the connection')).toMatchObject({
      remedy: expect.stringContaining('This Redis is no Cluster'),
    })
  })
})
