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

it('names who can be asked: not who is about to go, though its lease holds', async () => {
  await using redis = await startRedis()
  const store = storeOf(redis)
  for (const id of ['one', 'two']) await store.begin(id, 'g', `{"is":"${id}"}`, '')
  expect([...(await store.names())]).toEqual([
    ['one', '{"is":"one"}'],
    ['two', '{"is":"two"}'],
  ])
  await store.retire('two', 5000)
  expect([...(await store.names()).keys()]).toEqual(['one'])
})

it('hands over answers once each, a few at a time, and keeps none', async () => {
  await using redis = await startRedis()
  const store = storeOf(redis)
  for (const node of ['a', 'b', 'c']) await store.answer('1f', node, { is: node })
  const answer = (node: string): string => JSON.stringify({ node, answer: { is: node } })
  expect(await store.takeAnswers('1f', 2)).toEqual([answer('a'), answer('b')])
  await store.answer('1f', 'd', { is: 'd' })
  const left = await redis.client.pttl('test:{0}:answers:1f')
  expect(left).toBeGreaterThan(0)
  expect(left).toBeLessThanOrEqual(5000)
  expect(await store.takeAnswers('1f', 4)).toEqual([answer('c'), answer('d')])
  expect(await store.takeAnswers('1f', 4)).toEqual([])
  expect(await redis.client.exists('test:{0}:answers:1f')).toBe(0)
})
