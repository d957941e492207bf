import { expect, it } from 'vitest'
import { Shard } from '../../src/broker/shard.ts'
import { Store } from '../../src/broker/store.ts'
import { realClock } from '../../src/clock.ts'
import { createRedis, type RedisClient } from '../../src/redis/connect.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { TestLog } from '../support/test-log.ts'

const DURATIONS = {
  leaseMilliseconds: 10_000,
  renewMilliseconds: 2500,
  settleMilliseconds: 50,
  graceMilliseconds: 50,
  retryMilliseconds: 50,
  reviewMilliseconds: 30_000,
}

interface Started {
  readonly shard: Shard
  readonly redis: RedisClient
}

/** A shard that is not started, and the connection that it uses. @param register called when it registers */
async function createShard(
  server: TestRedis,
  register: (redis: RedisClient) => void = () => {},
): Promise<Started> {
  const redis = createRedis({ url: server.url, cluster: [], sentinels: [], tls: {} }, {})
  await redis.connect()
  const shard = new Shard({
    store: new Store({ redis, prefix: 'test:{0}:', send: 'PUBLISH', ...DURATIONS }),
    node: 'node',
    about: '{}',
    durations: DURATIONS,
    delayMilliseconds: () => 0,
    holdings: {
      register: () => register(redis),
      freeze: () => {},
      look: () => {},
      review: async () => {},
      holds: () => true,
      discard: () => {},
      size: () => 0,
    },
    news: { live: () => {}, lost: () => {}, gone: () => {} },
    clock: realClock,
    log: new TestLog().logger,
  })
  return { shard, redis }
}

it('begins again when Redis loses its data while it registers', async () => {
  await using server = await startRedis()
  let registered = 0
  const { shard, redis } = await createShard(server, (connection) => {
    registered += 1
    if (registered === 1) connection.flushall().catch(() => {}) // before anything that is registered
  })
  shard.start()
  await expect.poll(() => shard.state).toBe('live')
  expect(registered).toBeGreaterThan(1)
  await shard.stop(0)
  redis.disconnect()
})

it('has nothing left to do when Redis is lost', async () => {
  await using server = await startRedis()
  const { shard, redis } = await createShard(server)
  await shard.pipeline.emptied() // it has not begun
  shard.start()
  await expect.poll(() => shard.state).toBe('live')
  const emptied = shard.pipeline.emptied()
  shard.lost(new Error('Redis is away'))
  await emptied
  await shard.stop(0)
  redis.disconnect()
})
