import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createRedis, type RedisBehaviour, type RedisClient } from '../../src/redis/connect.ts'
import { retryDelay } from '../../src/redis/retry-delay.ts'
import type { RedisTarget } from '../../src/redis/target.ts'
import { createAuthority } from '../support/certificate.ts'
import { Directory } from '../support/directory.ts'
import { startRedis } from '../support/redis.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { startSentinel } from '../support/redis-sentinel.ts'

const BEHAVIOUR: RedisBehaviour = {
  retryStrategy: retryDelay,
  commandTimeout: 2000,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  disconnectTimeout: 100,
}

const at = (url: string): RedisTarget => ({ url, cluster: [], sentinels: [], tls: {} })

/** A client that is closed with the test. */
function client(target: RedisTarget): RedisClient {
  const redis = createRedis(target, BEHAVIOUR)
  onTestFinished(() => redis.disconnect())
  return redis
}

async function connected(target: RedisTarget): Promise<RedisClient> {
  const redis = client(target)
  await redis.connect()
  return redis
}

/** The first argument of an event, when it comes. */
const event = (redis: RedisClient, name: string): Promise<unknown> =>
  new Promise((resolve) => redis.once(name, resolve))

describe('a client of one Redis', () => {
  it('uses the user and the database of the URL', async () => {
    await using redis = await startRedis({ users: [['ann', 'on', '>s cret', '~*', '+@all']] })
    const ann = await connected(at(`${redis.urlFor('ann:s%20cret')}/3`))
    expect(await ann.call('ACL', 'WHOAMI')).toBe('ann')
    await ann.set('key', 'value')
    expect(await redis.client.get('key')).toBeNull()
    await redis.client.select(3)
    expect(await redis.client.get('key')).toBe('value')
  })

  it('is there again after a restart', async () => {
    await using redis = await startRedis()
    const one = await connected(at(redis.url))
    const closed = event(one, 'close')
    await redis.stop()
    await closed
    await expect(one.ping()).rejects.toThrow()
    const ready = event(one, 'ready')
    await redis.start()
    await ready
    expect(await one.ping()).toBe('PONG')
  })

  it('leaves it to its owner to say what is wrong', async () => {
    const printed = ['log', 'warn', 'error'] as const
    const spies = printed.map((method) => vi.spyOn(console, method))
    onTestFinished(() => spies.forEach((spy) => void spy.mockRestore()))
    await using redis = await startRedis({ password: 'right' })
    const refused = client(at(redis.urlFor(':wrong')))
    const error = event(refused, 'error')
    await expect(refused.connect()).rejects.toThrow()
    expect(await error).toMatchObject({ message: expect.stringContaining('WRONGPASS') })
    for (const spy of spies) expect(spy).not.toHaveBeenCalled()
  })
})

describe('a client of a Redis under Sentinels', () => {
  it('writes to the new master after the old one is lost', async () => {
    await using redis = await startSentinel()
    const one = await connected(redis.target)
    await one.set('key', 'before')
    const ready = event(one, 'ready')
    await redis.loseMaster()
    await ready
    await one.set('key', 'after')
    expect(await redis.master.client.get('key')).toBe('after')
  })

  it('leaves a master that is none any more but still accepts what is written', async () => {
    await using redis = await startSentinel()
    const one = await connected(redis.target)
    const { master: former } = redis
    await redis.failover()
    await event(one, 'ready')
    await one.set('key', 'value')
    expect(await redis.master.client.get('key')).toBe('value')
    expect(redis.master).not.toBe(former)
  })

  it('takes no replica for a master, whatever the Sentinels say', async () => {
    await using redis = await startSentinel()
    const replica = await connected(at(redis.replica.url)) // that is what was asked for
    await expect(replica.set('key', 'value')).rejects.toThrow('READONLY')
    const sentinel = redis.sentinels[0]?.client
    await sentinel?.call('SENTINEL', 'REMOVE', 'primary')
    await sentinel?.call('SENTINEL', 'MONITOR', 'primary', '127.0.0.1', redis.replica.port, '2')
    const sentinels = redis.sentinelUrls.slice(0, 1)
    const misled = client({ ...redis.target, sentinels })
    const connecting = misled.connect()
    await Promise.all([event(misled, 'reconnecting'), expect(connecting).rejects.toThrow()])
    await expect(misled.set('key', 'value')).rejects.toThrow('writeable')
  })
})

describe('a client of a Redis Cluster', () => {
  /** One for each of the three nodes, by its slot. */
  const KEYS = ['b', 'c', 'a']

  it('finds every key, with a password and TLS', async () => {
    using directory = new Directory()
    await using redis = await startCluster({ tls: createAuthority(directory), password: 'secret' })
    const one = await connected(redis.target)
    for (const key of KEYS) await one.set(key, key)
    for (const [index, node] of redis.nodes.entries()) {
      expect(await node.client.keys('*')).toEqual([KEYS[index]])
    }
    expect(await Promise.all(KEYS.map((key) => one.get(key)))).toEqual(KEYS)
  })

  it('goes on with the slots that are left when a node is lost, and fails soon for the others', async () => {
    await using redis = await startCluster()
    const one = await connected(redis.target)
    for (const key of KEYS) await one.set(key, key)
    await redis.nodes[1]?.stop('lost')
    expect(await one.get('b')).toBe('b')
    expect(await one.get('a')).toBe('a')
    await expect(one.get('c')).rejects.toThrow()
  })
})

describe('the delay before another attempt', () => {
  it('grows up to two seconds, and is never the same for all', () => {
    const delays = (attempt: number): number[] =>
      Array.from({ length: 50 }, () => retryDelay(attempt))
    for (const [attempt, longest] of [
      [1, 100],
      [2, 200],
      [6, 2000],
      [1_000_000, 2000],
    ] as const) {
      expect(Math.max(...delays(attempt))).toBeLessThanOrEqual(longest)
      expect(Math.min(...delays(attempt))).toBeGreaterThanOrEqual(longest / 2)
      expect(new Set(delays(attempt)).size).toBeGreaterThan(1)
    }
  })
})
