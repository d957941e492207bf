import { describe, expect, it } from 'vitest'
import { createAuthority } from '../support/certificate.ts'
import { Directory } from '../support/directory.ts'
import { publishAsLaravel, type RedisClientName } from '../support/laravel-publish.ts'
import { startRedis } from '../support/redis.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { MASTER_NAME, startSentinel } from '../support/redis-sentinel.ts'
import { app, at, hearing, listen } from './listening.ts'

const CLIENTS: readonly RedisClientName[] = ['phpredis', 'predis']
const HOST = '127.0.0.1'

/** What becomes of `ANNOUNCEMENT` on a channel. */
const announced = (channel: string) => ({
  appId: 'app',
  channel,
  event: 'App\\Events\\Announced',
  data: '{"text":"h\\u00e9llo\\/\\"","tags":[]}',
  exceptSocketId: '12.34',
})

const ANNOUNCEMENT = (...channels: readonly string[]) =>
  [channels, 'App\\Events\\Announced', { text: 'héllo/"', tags: [], socket: '12.34' }] as const

describe.each(CLIENTS)('Laravel with %s', (client) => {
  it.each([
    ['no prefix', ''],
    ['the prefix of 5.8 to 12.0', 'my_app_database_'],
    ['the prefix from 12.1 on', 'my-app-database-'],
    ['a prefix of glob characters', 'a*[b]?\\_'],
  ])('is heard with %s, once on each channel', async (_what, prefix) => {
    await using redis = await startRedis()
    await using laravel = await hearing(redis, app(prefix))
    await publishAsLaravel({
      client,
      redis: { options: { prefix }, default: { host: HOST, port: redis.port } },
      broadcasts: [ANNOUNCEMENT('orders', 'private-orders.1', 'presence-room')],
    })
    for (const channel of ['orders', 'private-orders.1', 'presence-room']) {
      expect(await laravel.event()).toEqual(announced(channel))
    }
    await laravel.marker(redis, `${prefix}orders`)
    expect(laravel.events).toEqual([])
  })

  it('is heard when a payload is empty, or nothing but the sender', async () => {
    await using redis = await startRedis()
    await using laravel = await hearing(redis, app('p_'))
    const payloads = [[], { socket: null }, { socket: 'undefined' }, { socket: '1.2' }]
    await publishAsLaravel({
      client,
      redis: { options: { prefix: 'p_' }, default: { host: HOST, port: redis.port } },
      broadcasts: payloads.map((payload) => [['orders'], 'Emptied', payload] as const),
    })
    for (const exceptSocketId of [undefined, undefined, undefined, '1.2']) {
      expect(await laravel.event()).toMatchObject({ data: '[]', exceptSocketId })
    }
  })

  it('is heard as Laravel 5.3 to 6.10 published, the client adding the prefix', async () => {
    await using redis = await startRedis()
    await using laravel = await hearing(redis, app('p_'))
    const message = JSON.stringify({ event: 'Said', data: { id: 1, socket: null }, socket: null })
    await publishAsLaravel({
      client,
      redis: { options: { prefix: 'p_' }, default: { host: HOST, port: redis.port } },
      publishes: [['orders', message]],
    })
    expect(await laravel.event()).toMatchObject({ channel: 'orders', data: '{"id":1}' })
  })

  it('is heard as Laravel 6.11 and 6.12 published, without any prefix', async () => {
    await using redis = await startRedis()
    await using laravel = await hearing(redis, app(''))
    const message = JSON.stringify({ event: 'Said', data: { id: 1, socket: null }, socket: null })
    await publishAsLaravel({
      client,
      redis: { options: { prefix: 'p_' }, default: { host: HOST, port: redis.port } },
      evals: [[message, 'orders', 'private-orders.1']],
    })
    expect(await laravel.event()).toMatchObject({ channel: 'orders' })
    expect(await laravel.event()).toMatchObject({ channel: 'private-orders.1' })
  })

  it('is heard on a Redis Cluster, whichever nodes it publishes on', async () => {
    await using redis = await startCluster()
    const target = { cluster: redis.urls, sentinels: [], tls: {} }
    await using laravel = listen(target, app('my-app-database-'))
    await laravel.line('listening to Redis')
    const channels = Array.from({ length: 10 }, (_, index) => `orders.${index}`)
    await publishAsLaravel({
      client,
      redis: {
        options: { prefix: 'my-app-database-', cluster: 'redis' },
        clusters: { default: redis.nodes.map(({ port }) => ({ host: HOST, port })) },
      },
      broadcasts: channels.map((channel) => ANNOUNCEMENT(channel)),
    })
    await laravel.until(() => laravel.events.length >= channels.length)
    expect(laravel.events.map(({ channel }) => channel).toSorted()).toEqual(channels)
    expect(laravel.events).toContainEqual(announced('orders.0'))
  })
})

describe('a Redis that Laravel reaches', () => {
  it('over TLS as a user of its own is heard over TLS by another', async () => {
    using directory = new Directory()
    const tls = createAuthority(directory)
    await using redis = await startRedis({
      tls,
      users: [
        ['laravel', 'on', '>publish', '~*', '&my-app-database-*', '+@all'],
        [
          'resound',
          'on',
          '>listen',
          'resetchannels',
          '&my-app-database-*',
          '+psubscribe',
          '+punsubscribe',
          '+ping',
        ],
      ],
    })
    await using laravel = listen(
      { ...at(redis.urlFor('resound:listen')), tls: redis.tls },
      app('my-app-database-'),
    )
    await laravel.line('listening to Redis')
    const { ca: cafile, client } = tls
    await publishAsLaravel({
      client: 'phpredis',
      redis: {
        options: { prefix: 'my-app-database-' },
        default: {
          scheme: 'tls',
          host: HOST,
          port: redis.port,
          username: 'laravel',
          password: 'publish',
          context: { stream: { cafile, local_cert: client.cert, local_pk: client.key } },
        },
      },
      broadcasts: [ANNOUNCEMENT('orders')],
    })
    expect(await laravel.event()).toEqual(announced('orders'))
  })

  it('through Sentinels is heard before and after a failover', async () => {
    await using redis = await startSentinel()
    const target = { url: redis.url, cluster: [], sentinels: redis.sentinelUrls, tls: {} }
    await using laravel = listen(target, app('p_'))
    await laravel.line('listening to Redis')
    const publish = () =>
      publishAsLaravel({
        client: 'predis',
        redis: {
          options: { prefix: 'p_' },
          default: {
            ...redis.sentinels.map(({ port }) => `tcp://${HOST}:${port}`),
            options: { replication: 'sentinel', service: MASTER_NAME },
          },
        },
        broadcasts: [ANNOUNCEMENT('orders')],
      })
    await publish()
    expect(await laravel.event()).toEqual(announced('orders'))
    await redis.loseMaster()
    await laravel.line('Redis is back')
    await publish()
    expect(await laravel.event()).toEqual(announced('orders'))
  })
})
