import { expect, it } from 'vitest'
import { ClusterLocation, clusterNodes, SentinelLocation } from '../../src/redis/location.ts'
import { textOf } from '../../src/redis/target.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { MASTER_NAME, startSentinel } from '../support/redis-sentinel.ts'

const ASKED = { host: 'asked', port: 7000 }

it.each<[string, string, { host: string; port: number }, boolean]>([
  [
    'an address',
    'id 10.0.0.1:7001@17001 master - 0 1 2 connected 0-1',
    { host: '10.0.0.1', port: 7001 },
    true,
  ],
  [
    'one of Redis 3',
    'id 10.0.0.1:7001 slave other 0 1 2 connected',
    { host: '10.0.0.1', port: 7001 },
    true,
  ],
  [
    'an address of IPv6',
    'id fd00::1:7001@17001 master - 0 1 2 connected',
    { host: 'fd00::1', port: 7001 },
    true,
  ],
  [
    'a host name',
    'id 10.0.0.1:7001@17001,one.test master - 0 1 2 connected',
    { host: 'one.test', port: 7001 },
    true,
  ],
  [
    'an empty host name',
    'id 10.0.0.1:7001@17001, master - 0 1 2 connected',
    { host: '10.0.0.1', port: 7001 },
    true,
  ],
  [
    'further names of Redis 7.2',
    'id 10.0.0.1:7001@17001,one.test,shard-id=1 master - 0 1 2 connected',
    { host: 'one.test', port: 7001 },
    true,
  ],
  [
    'the one that was asked, which need not know its address',
    'id :7000@17000 myself,master - 0 1 2 connected',
    ASKED,
    true,
  ],
  [
    'one that most do not reach',
    'id 10.0.0.1:7001@17001 master,fail - 0 1 2 disconnected',
    { host: '10.0.0.1', port: 7001 },
    false,
  ],
  [
    'one that only this one does not reach',
    'id 10.0.0.1:7001@17001 master,fail? - 0 1 2 connected',
    { host: '10.0.0.1', port: 7001 },
    true,
  ],
  [
    'one without an address',
    'id :0@0 master,noaddr - 0 1 2 disconnected',
    { host: 'asked', port: 0 },
    false,
  ],
  [
    'one that is being met',
    'id 10.0.0.1:7001@17001 handshake - 0 1 2 connected',
    { host: '10.0.0.1', port: 7001 },
    false,
  ],
])('reads %s from what a node of a Cluster says', (_what, line, address, isUsable) => {
  expect(clusterNodes(`${line}\n`, ASKED)).toEqual([
    { id: 'id', address, isAsked: line.includes('myself'), isUsable },
  ])
})

it('of a Cluster forgets a node that was removed, and not what the others said for what that one says', async () => {
  await using redis = await startCluster()
  const [removed, ...others] = redis.nodes
  if (removed === undefined) throw new Error('a cluster has nodes')
  const { signal } = new AbortController()
  const location = new ClusterLocation([{ host: '127.0.0.1', port: removed.port }], () => ({}))
  await location.next(signal)
  expect(await location.hasMoved(signal)).toBe(false)

  const id = String(await removed.client.cluster('MYID'))
  for (const { client } of others) await client.cluster('FORGET', id)
  await removed.client.call('CLUSTER', 'RESET', 'HARD')
  expect(await location.hasMoved(signal)).toBe(true)
  const given = await location.next(signal)
  for (const _ of redis.nodes) expect(await location.hasMoved(signal)).toBe(false)

  await others.find(({ port }) => port === given.port)?.stop('lost')
  const found: string[] = []
  for (const _ of redis.nodes) {
    const next = await location.next(signal).catch(() => undefined) // it was lost, or is alone
    if (next !== undefined) found.push(textOf(next))
  }
  const left = others.filter(({ port }) => port !== given.port)
  expect(found).toEqual(left.map(({ port }) => `127.0.0.1:${port}`))
})

it('under Sentinels is the master of the newest configuration, whoever names another', async () => {
  await using redis = await startSentinel()
  await redis.failover()
  const stale = redis.sentinels[0]?.client
  await stale?.call('SENTINEL', 'REMOVE', MASTER_NAME)
  await stale?.call('SENTINEL', 'MONITOR', MASTER_NAME, '127.0.0.1', 1, 2) // where nobody corrects it
  const sentinels = redis.sentinels.map(({ port }) => ({ host: '127.0.0.1', port }))
  const location = new SentinelLocation(MASTER_NAME, sentinels, () => ({}))
  const { signal } = new AbortController()
  expect(await location.next(signal)).toEqual({ host: '127.0.0.1', port: redis.master.port })
  expect(await location.hasMoved(signal)).toBe(false)
})
