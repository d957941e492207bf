import { expect, it } from 'vitest'
import { loaded, problemsIn } from '../support/reading.ts'

it.each([
  ['a host', { REDIS_HOST: 'cache' }, 'redis://cache'],
  ['a host and a port', { REDIS_HOST: 'cache', REDIS_PORT: '6380' }, 'redis://cache:6380'],
  [
    'a password',
    { REDIS_HOST: 'cache', REDIS_PASSWORD: 'p@ss/%:#' },
    'redis://:p%40ss%2F%25%3A%23@cache',
  ],
  ['the password null', { REDIS_HOST: 'cache', REDIS_PASSWORD: 'null' }, 'redis://cache'],
  [
    'a user and a password',
    { REDIS_HOST: 'cache', REDIS_USERNAME: 'ann', REDIS_PASSWORD: 'p' },
    'redis://ann:p@cache',
  ],
  ['a user alone', { REDIS_HOST: 'cache', REDIS_USERNAME: 'ann' }, 'redis://cache'],
  ['an IPv6 address', { REDIS_HOST: '::1', REDIS_PORT: '6380' }, 'redis://[::1]:6380'],
  ['TLS by the host', { REDIS_HOST: 'tls://cache', REDIS_PORT: '6380' }, 'rediss://cache:6380'],
  ['a URL', { REDIS_URL: 'redis://u:p@cache:1/2' }, 'redis://u:p@cache:1/2'],
  ['a URL over the host', { REDIS_URL: 'redis://cache', REDIS_HOST: 'other' }, 'redis://cache'],
  [
    'a URL that the parts complete',
    { REDIS_URL: 'redis://cache/1', REDIS_PORT: '6380', REDIS_PASSWORD: 'p' },
    'redis://:p@cache:6380/1',
  ],
  [
    'a URL that the parts leave alone',
    { REDIS_URL: 'redis://:q@cache:1', REDIS_PORT: '6380', REDIS_PASSWORD: 'p' },
    'redis://:q@cache:1',
  ],
  ['TLS by the scheme', { REDIS_HOST: 'cache', REDIS_SCHEME: 'tls' }, 'rediss://cache'],
  ['no TLS by the scheme', { REDIS_HOST: 'cache', REDIS_SCHEME: 'tcp' }, 'redis://cache'],
  [
    'the master of Sentinels',
    { REDIS_SENTINEL_HOST: 's', REDIS_HOST: 'cache', REDIS_PORT: '1', REDIS_PASSWORD: 'p' },
    'redis://:p@mymaster',
  ],
  ['a TLS URL', { REDIS_URL: 'tls://cache:1' }, 'rediss://cache:1'],
  ['no host', { REDIS_PORT: '6380', REDIS_PASSWORD: 'p' }, undefined],
])('takes %s from the variables of Laravel', (_what, environment, url) => {
  expect(loaded({ environment }).config.redis.url).toBe(url)
})

it.each([
  ['another scheme', { REDIS_URL: 'memcached://cache' }, 'REDIS_URL'],
  ['a socket', { REDIS_HOST: '/run/redis.sock' }, 'REDIS_HOST'],
  [
    'a port beyond the last',
    { REDIS_HOST: 'cache', REDIS_PORT: '70000' },
    'REDIS_HOST, REDIS_PORT',
  ],
  [
    'a port of Kubernetes',
    { REDIS_HOST: 'cache', REDIS_PORT: 'tcp://10.0.0.1:6379' },
    'REDIS_HOST, REDIS_PORT',
  ],
  ['a secret in a broken URL', { REDIS_HOST: 'a b', REDIS_PASSWORD: 'hidden' }, 'REDIS_HOST'],
])('refuses %s, naming the variables and not their values', (_what, environment, variables) => {
  expect(problemsIn({ environment })).toEqual([
    `${variables}: redis.url must be a redis:// or rediss:// URL`,
  ])
})

it('gives way to RESOUND_REDIS_URL', () => {
  const environment = { REDIS_HOST: 'cache', RESOUND_REDIS_URL: 'redis://other' }
  expect(loaded({ environment }).config.redis.url).toBe('redis://other')
})
