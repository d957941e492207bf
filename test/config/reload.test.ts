import { expect, it } from 'vitest'
import { restartOnly } from '../../src/config/reload.ts'
import { Config } from '../../src/config/schema.ts'

const APP = { id: '1', key: 'k', secret: 's' }

it.each([
  ['apps', { apps: [APP] }],
  ['limits', { limits: { eventBytes: 1, presenceMembers: 1 } }],
  ['the level of the log', { log: { level: 'debug' } }],
])('%s are taken over without a restart', (_what, changed) => {
  expect(restartOnly(Config.parse({}), Config.parse(changed))).toEqual([])
})

it('everything else is named, each option by itself', () => {
  const changed = {
    port: 1,
    tls: { cert: '/c', key: '/k' },
    limits: { messageBytes: 512, backpressureBytes: 16384, eventBytes: 1 },
    cache: { ttlSeconds: 1 },
    redis: { keyPrefix: 'ours:' },
    metrics: { prefix: 'soketi_' },
    log: { level: 'debug', format: 'json' },
  }
  expect(restartOnly(Config.parse({}), Config.parse(changed))).toEqual([
    'port',
    'tls.cert',
    'tls.key',
    'limits.messageBytes',
    'limits.backpressureBytes',
    'cache.ttlSeconds',
    'redis.keyPrefix',
    'metrics.prefix',
    'log.format',
  ])
})

it('the Redis that the nodes share is named', () => {
  const at = (url: string) => Config.parse({ redis: { url }, apps: [APP] })
  expect(restartOnly(at('redis://a'), at('redis://b'))).toEqual(['redis.url'])
})

it('names nothing where nothing differs', () => {
  const config = { apps: [APP], tls: { cert: '/c', key: '/k' } }
  expect(restartOnly(Config.parse(config), Config.parse(config))).toEqual([])
})
