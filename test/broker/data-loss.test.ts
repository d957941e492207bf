import { expect, it } from 'vitest'
import { kindOf } from '../../channels/kinds.ts'
import { RedisBroker } from '../../src/broker/redis.ts'
import { eventually } from '../support/eventually.ts'
import { startRedis } from '../support/redis.ts'
import type { ModelClient, Watcher } from './model/client.ts'
import { ModelNode } from './model/node.ts'

const CHANNEL = 'presence-a'

it('removes nobody from a node that would renew its lease only later', async () => {
  await using redis = await startRedis()
  const gone: string[] = []
  const watcher: Watcher = {
    removed: (_client, _channel, userId) => gone.push(userId),
    wrong: (what) => gone.push(what),
  }
  const start = (name: number): Promise<ModelNode> =>
    ModelNode.start({
      name,
      redisPort: redis.port,
      keyPrefix: 'test:',
      Broker: RedisBroker,
      occurred: () => {},
      durations: { leaseMilliseconds: 60_000, renewMilliseconds: 30_000, settleMilliseconds: 300 },
    })
  const join = (node: ModelNode, userId: string): ModelClient => {
    const client = node.connect(userId, watcher)
    const member = { userId, userInfo: '{}' }
    void node.hub.subscribe(client.connection, CHANNEL, kindOf(CHANNEL), member)
    return client
  }
  const quiet = await start(0)
  const busy = await start(1)
  const ann = join(quiet, 'ann')
  const bob = join(busy, 'bob')
  const present = (client: ModelClient): string[] => [...(client.views.get(CHANNEL) ?? [])].sort()
  await eventually(() => {
    for (const client of [ann, bob]) expect(present(client)).toEqual(['ann', 'bob'])
  })

  await redis.client.flushall()
  join(busy, 'cat') // by which its node learns of it
  await eventually(() => expect(busy.broker.state.isLive).toBe(false))
  await eventually(() => {
    for (const { broker } of [quiet, busy]) expect(broker.state.isLive).toBe(true)
    for (const client of [ann, bob]) expect(present(client)).toEqual(['ann', 'bob', 'cat'])
  })
  expect(gone).toEqual([])
  await Promise.all([quiet.crash(), busy.crash()])
})
