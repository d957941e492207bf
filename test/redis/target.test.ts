import { describe, expect, it } from 'vitest'
import {
  keyOfRedis,
  nameOfRedis,
  type RedisTarget,
  redisOf,
  withoutPasswords,
} from '../../src/redis/target.ts'

const NOTHING: RedisTarget = { cluster: [], sentinels: [], tls: {} }
const CLUSTER = { ...NOTHING, cluster: ['redis://ann:first@a:1', 'redis://b'] }
const SENTINELS = {
  ...NOTHING,
  url: 'redis://ann:of-redis@main',
  sentinels: ['redis://:of%20one@a:1', 'redis://:of%20one-and-more@b'],
}

describe('a Redis is called by its addresses alone:', () => {
  it.each([
    [{ ...NOTHING, url: 'rediss://ann:secret@host:1/2' }, 'host:1'],
    [CLUSTER, 'a:1,b'],
    [SENTINELS, 'main,a:1,b'],
  ])('%j is %s', (target, name) => {
    expect(nameOfRedis(target)).toBe(name)
  })
})

it('its passwords are not shown, also where one is part of another', () => {
  const text = 'of-redis, of one-and-more and of one; not first'
  expect(withoutPasswords(text, SENTINELS)).toBe('********, ******** and ********; not first')
  expect(withoutPasswords(text, CLUSTER)).toContain('not ********')
  expect(withoutPasswords(text, NOTHING)).toBe(text)
})

it('is another one with another user or certificate, and the same in another order', () => {
  const keys = [
    CLUSTER,
    { ...CLUSTER, cluster: ['redis://bob:first@a:1', 'redis://b'] },
    { ...CLUSTER, tls: { ca: '/ca' } },
    { ...CLUSTER, tls: { cert: '/ca' } },
    SENTINELS,
    { ...SENTINELS, sentinels: [] },
  ].map(keyOfRedis)
  expect(new Set(keys).size).toBe(keys.length)
  expect(keyOfRedis({ ...CLUSTER, cluster: CLUSTER.cluster.toReversed() })).toBe(keys[0])
})

describe('a Laravel app’s Redis', () => {
  const none = { redisCluster: [], redisSentinels: [], redisTls: {} }

  it('is the server’s own where it names none', () => {
    expect(redisOf(none, SENTINELS)).toBe(SENTINELS)
  })

  it('has nothing of the server’s where it names one', () => {
    const server = { ...SENTINELS, tls: { ca: '/ca' } }
    const url = 'redis://elsewhere'
    expect(redisOf({ ...none, redisUrl: url }, server)).toEqual({ ...NOTHING, url })
    const cluster = ['redis://elsewhere']
    expect(redisOf({ ...none, redisCluster: cluster }, server)).toEqual({ ...NOTHING, cluster })
  })
})
