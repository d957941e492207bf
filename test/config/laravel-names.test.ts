import { expect, it } from 'vitest'
import { type Given, loaded } from '../support/reading.ts'

const REVERB = { REVERB_APP_ID: '1', REVERB_APP_KEY: 'reverb', REVERB_APP_SECRET: 'r' }
const PUSHER = { PUSHER_APP_ID: '2', PUSHER_APP_KEY: 'pusher', PUSHER_APP_SECRET: 'p' }
const PREFIX = { REDIS_HOST: 'cache', REDIS_PREFIX: 'app_' }

function app(environment: Readonly<Record<string, string>>) {
  return loaded({ environment }).config.apps[0]
}

it.each([
  ['REVERB_ names', REVERB, { id: '1', key: 'reverb', secret: 'r' }],
  ['PUSHER_ names', PUSHER, { id: '2', key: 'pusher', secret: 'p' }],
  [
    'REVERB_ before PUSHER_ names',
    { ...PUSHER, ...REVERB },
    { id: '1', key: 'reverb', secret: 'r' },
  ],
  [
    'PUSHER_ names that are complete before REVERB_ names that are not',
    { ...PUSHER, REVERB_APP_KEY: 'reverb' },
    { id: '2', key: 'pusher', secret: 'p' },
  ],
  [
    'PUSHER_ names beside REVERB_ names that are empty or null',
    { ...PUSHER, REVERB_APP_ID: '', REVERB_APP_KEY: 'null', REVERB_APP_SECRET: '' },
    { id: '2', key: 'pusher', secret: 'p' },
  ],
  [
    'our names before both',
    { ...PUSHER, ...REVERB, RESOUND_APP_SECRET: 'ours' },
    { id: '1', key: 'reverb', secret: 'ours' },
  ],
])('takes the app from %s', (_what, environment, expected) => {
  expect(app(environment)).toMatchObject(expected)
})

it('takes the address of the server from REVERB_SERVER_ names', () => {
  const environment = { ...REVERB, REVERB_SERVER_HOST: '::1', REVERB_SERVER_PORT: '9000' }
  expect(loaded({ environment }).config).toMatchObject({ host: '::1', port: 9000 })
})

it.each([
  ['reverb', '/reverb'],
  ['/reverb/', '/reverb'],
  ['/', ''],
])('takes the path %s as %s', (path, pathPrefix) => {
  expect(loaded({ environment: { REVERB_SERVER_PATH: path } }).config.pathPrefix).toBe(pathPrefix)
})

it.each([
  ['a text', PREFIX, 'app_'],
  ['nothing', { ...PREFIX, REDIS_PREFIX: '' }, ''],
  ['the word empty', { ...PREFIX, REDIS_PREFIX: 'empty' }, ''],
  ['null', { ...PREFIX, REDIS_PREFIX: 'null' }, undefined],
  ['our own name', { ...PREFIX, RESOUND_APP_LARAVEL_REDIS_PREFIX: 'ours_' }, 'ours_'],
])('takes the Redis prefix as %s', (_what, environment, prefix) => {
  expect(app({ ...REVERB, ...environment })?.laravel.redisPrefix).toBe(prefix)
})

it('gives a prefix to a Redis of our own name', () => {
  const environment = { ...REVERB, REDIS_PREFIX: 'app_', RESOUND_REDIS_URL: 'redis://cache' }
  expect(app(environment)?.laravel.redisPrefix).toBe('app_')
})

it.each<[string, Given]>([
  ['the environment', { environment: { RESOUND_REDIS_CLUSTER: 'redis://a,redis://b' } }],
  ['the file', { files: { 'resound.json': { redis: { cluster: ['redis://a', 'redis://b'] } } } }],
])('gives a prefix to a Redis Cluster of %s, which REDIS_HOST does not name', (_what, given) => {
  const names = { ...REVERB, REDIS_PREFIX: 'app_', REDIS_HOST: 'cache' }
  const { config, notices } = loaded({ ...given, environment: { ...names, ...given.environment } })
  expect(config.redis).toMatchObject({ cluster: ['redis://a', 'redis://b'] })
  expect(config.redis.url).toBeUndefined()
  expect(config.apps[0]?.laravel.redisPrefix).toBe('app_')
  expect(notices).toEqual([
    {
      level: 'info',
      message: 'a Redis Cluster is configured, so these variables name no other Redis',
      fields: { variables: ['REDIS_HOST'] },
    },
  ])
})

it('leaves a prefix alone where there is no Redis, and says so', () => {
  const { config, notices } = loaded({ environment: { ...REVERB, REDIS_PREFIX: 'app_' } })
  expect(config.apps[0]?.laravel.redisPrefix).toBeUndefined()
  expect(notices).toEqual([
    {
      level: 'info',
      message: 'a Redis prefix does nothing where no Redis is configured',
      fields: { variables: ['REDIS_PREFIX'] },
    },
  ])
})
