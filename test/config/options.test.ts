import { expect, it } from 'vitest'
import { keysAt, masked, OPTIONS, optionAt } from '../../src/config/options.ts'

it('names an option after its path', () => {
  const names = Object.fromEntries(OPTIONS.map(({ name, variable }) => [name, variable]))
  expect(names).toMatchObject({
    port: 'RESOUND_PORT',
    'tls.passphrase': 'RESOUND_TLS_PASSPHRASE',
    'limits.eventBytes': 'RESOUND_LIMITS_EVENT_BYTES',
    'redis.url': 'RESOUND_REDIS_URL',
    'apps[].clientEvents': 'RESOUND_APP_CLIENT_EVENTS',
    'apps[].limits.eventBytes': 'RESOUND_APP_LIMITS_EVENT_BYTES',
    'apps[].laravel.redisPrefix': 'RESOUND_APP_LARAVEL_REDIS_PREFIX',
    'apps[].webhooks[].channelPrefix': 'RESOUND_APP_WEBHOOKS_CHANNEL_PREFIX',
  })
})

it('gives every option a variable of its own, also with _FILE after it', () => {
  const variables = OPTIONS.flatMap(({ variable }) => [variable, `${variable}_FILE`])
  expect(new Set(variables).size).toBe(2 * OPTIONS.length)
})

it('describes every option', () => {
  for (const { name, description, accepts } of OPTIONS) {
    expect(description, name).toMatch(/^[A-Z*\w].*\.$/)
    expect(accepts, name).not.toBe('')
  }
})

it('finds an option by the path of a value', () => {
  expect(optionAt(['apps', 3, 'secret'])).toMatchObject({ name: 'apps[].secret', secret: 'whole' })
  expect(optionAt(['apps', 3, 'webhooks', 1, 'headers'])).toMatchObject({ type: 'map' })
  expect(optionAt(['apps', 3])).toBeUndefined()
  expect(optionAt(['apps', 3, 'webhooks', 1])).toBeUndefined()
  expect(optionAt(['nothing'])).toBeUndefined()
})

it('knows the keys of a group', () => {
  expect(keysAt(['tls'])).toEqual(['cert', 'key', 'passphrase'])
  expect(keysAt(['apps', 0, 'laravel', 'redisTls'])).toEqual(['ca', 'cert', 'key'])
  expect(keysAt(['apps', 2, 'webhooks', 1])).toEqual([
    'url',
    'events',
    'channelPrefix',
    'channelSuffix',
    'headers',
    'allowPrivateAddress',
  ])
  expect(keysAt(['nothing'])).toEqual([])
})

it.each([
  ['apps[].secret', 'abc', '********'],
  ['admin.token', 'abc', '********'],
  ['tls.passphrase', 'abc', '********'],
  ['redis.url', 'redis://ann:abc@host:1', 'redis://ann:********@host:1'],
  ['redis.url', 'redis://:abc@host:1', 'redis://:********@host:1'],
  ['redis.url', 'redis://host:1', 'redis://host:1'],
  ['redis.cluster', ['redis://:abc@a', 'redis://b'], ['redis://:********@a', 'redis://b']],
  ['apps[].webhooks[].url', 'https://ann:abc@host/x', 'https://host/x'],
  ['apps[].webhooks[].headers', { 'X-A': 'abc' }, { 'X-A': '********' }],
  ['apps[].webhooks[].headers', {}, {}],
  ['apps[].webhooks[].headers', 'abc', '********'],
  ['apps[].key', 'abc', 'abc'],
])('masks %s %j as %j', (name, value, shown) => {
  expect(
    masked(
      OPTIONS.find((option) => option.name === name),
      value,
    ),
  ).toEqual(shown)
})
