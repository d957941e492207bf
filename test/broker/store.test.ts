import { expect, it } from 'vitest'
import { Store } from '../../src/broker/store.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'

const storeOf = ({ client }: TestRedis): Store =>
  new Store({
    redis: client,
    prefix: 'test:{0}:',
    send: 'PUBLISH',
    leaseMilliseconds: 10_000,
    graceMilliseconds: 0,
  })

it('tells a node how late the latest of the others is, for as long as that one is there', async () => {
  await using redis = await startRedis()
  const store = storeOf(redis)
  const { generation } = await store.begin('one', 'g', '{}', '')
  for (const id of ['two', 'three']) await store.begin(id, 'g', '{}', '')
  const latestFor = async (id: string, delay: number): Promise<number> =>
    (await store.renew({ id, generation }, delay)).latestMilliseconds
  expect(await latestFor('one', 900)).toBe(0)
  expect(await latestFor('two', 250.4)).toBe(900)
  expect(await latestFor('three', 1)).toBe(900)
  expect(await latestFor('one', 900)).toBe(250)
  await store.retire('two', 0)
  await store.reap('two')
  expect(await latestFor('one', 900)).toBe(1)
})

it('refuses what is asked for in the name of a lease that has ended, or of other data', async () => {
  await using redis = await startRedis()
  const store = storeOf(redis)
  const { generation } = await store.begin('one', 'g', '{}', '')
  const at = { appId: '1', channel: 'presence-a' }
  const enter = {
    type: 'enter',
    ...at,
    member: { userId: '7', userInfo: 'null' },
    most: 0,
  } as const
  const one = { id: 'one', generation }
  expect(await store.apply({ ...one, generation: 'other' }, [enter], false)).toBe('gen')
  await store.begin('two', 'g', '{}', 'one')
  expect(await store.apply(one, [enter], false)).toBe('lease')
  expect(await store.users('1', 'presence-a')).toEqual([])
})
