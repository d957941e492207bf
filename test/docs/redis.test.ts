import type { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { createAuthority } from '../support/certificate.ts'
import { Directory } from '../support/directory.ts'
import { TestEndpoint } from '../support/endpoint.ts'
import { Page } from '../support/page.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { MASTER_NAME, startSentinel } from '../support/redis-sentinel.ts'
import { startServer } from '../support/server.ts'
import { TestLog } from '../support/test-log.ts'

const PAGE = new Page('redis.md')
const PREFIX = 'my-app-database-'

interface RedisOptions {
  readonly url?: string
  readonly cluster?: string[]
  readonly sentinels?: string[]
  readonly tls?: object
}

const LISTENING = PAGE.block('redis', '+psubscribe')
const WEBHOOKS = PAGE.block('redis', '+eval')
const CLUSTER = PAGE.block('redis', '+cluster')
const SENTINEL = PAGE.block('redis', '+sentinel')

/** Makes the users of the page's lines. */
async function allow(client: Redis, ...lines: readonly string[]): Promise<void> {
  for (const line of lines) {
    const [command = '', ...args] = line.trim().split(' ')
    await client.call(command, ...args)
  }
}

/** The `redis` of the page's block that holds `text`, with these instead of its hosts, in order. */
function options(text: string, places: readonly string[]): RedisOptions {
  const hosts = places.values()
  const block = PAGE.block('json', text).replaceAll(
    /(rediss?:\/\/(?:[^@"]*@)?)[^"/]+/g,
    (_, beginning: string) => `${beginning}${hosts.next().value}`,
  )
  const { redis }: { redis: RedisOptions } = JSON.parse(block)
  expect(hosts.next().done).toBe(true)
  return redis
}

const placeOf = ({ port }: TestRedis): string => `127.0.0.1:${port}`

/** Hears Laravel and another node, and delivers a webhook that waited in Redis, as the page's users. */
async function expectServed(redis: RedisOptions, publisher: TestRedis): Promise<void> {
  await using endpoint = await TestEndpoint.start()
  const log = new TestLog()
  const webhooks = [{ url: endpoint.url, allowPrivateAddress: true }]
  const options = {
    redis,
    app: { laravel: { redisPrefix: PREFIX }, webhooks },
    logger: log.logger,
  }
  await using server = await startServer(options)
  await using other = await startServer(options)
  await log.line(/^listening to Redis/)
  const client = await server.connect()
  await client.subscribe('news')
  const message = JSON.stringify({ event: 'Said', data: { id: 1, socket: null }, socket: null })
  await publisher.client.publish(`${PREFIX}news`, message)
  expect(await client.next()).toEqual({ event: 'Said', channel: 'news', data: { id: 1 } })
  expect((await endpoint.next()).body).toContain('channel_occupied')
  expect(await other.trigger('news', 'Told', { id: 2 })).toMatchObject({ status: 200 })
  expect(await client.next()).toEqual({ event: 'Told', channel: 'news', data: { id: 2 } })
  expect((await other.request('GET', '/channels')).body).toEqual({ channels: { news: {} } })
  expect(log.lines(/^Redis (?:refuses|is)/)).toEqual([])
}

it('its one Redis is heard over TLS, as its user', async () => {
  using directory = new Directory()
  await using redis = await startRedis({ tls: createAuthority(directory) })
  await allow(redis.client, LISTENING, WEBHOOKS)
  const shown = options('rediss://', [placeOf(redis)])
  expect(shown.tls).toEqual({ ca: '/etc/resound/redis-ca.pem' })
  await expectServed({ ...shown, tls: redis.tls }, redis)
})

it('its Sentinels lead to the master, as its users', async () => {
  await using redis = await startSentinel()
  await allow(redis.master.client, LISTENING, WEBHOOKS)
  for (const { client } of redis.sentinels) await allow(client, SENTINEL)
  const places = [MASTER_NAME, ...redis.sentinels.map(placeOf)]
  await expectServed(options('sentinels', places), redis.master)
})

it('its Cluster is heard, as its user', async () => {
  await using redis = await startCluster()
  for (const { client } of redis.nodes) await allow(client, LISTENING, WEBHOOKS, CLUSTER)
  const [publisher] = redis.nodes
  if (publisher === undefined) throw new Error('a cluster has nodes')
  await expectServed(options('cluster', redis.nodes.map(placeOf)), publisher)
})

it('names metrics and log lines that there are', async () => {
  const log = new TestLog()
  await using redis = await startRedis()
  await using server = await startServer({
    redis: { url: redis.url },
    app: { laravel: { redisPrefix: PREFIX } },
    logger: log.logger,
  })
  await log.line(/^listening to Redis/)
  const metrics = await (await fetch(`http://127.0.0.1:${server.server.admin.port}/metrics`)).text()
  const named = [...PAGE.text.matchAll(/`(resound_\w+)`/g)].map(([, name = '']) => name)
  expect(named.length).toBeGreaterThan(2)
  expect(named.filter((name) => !metrics.includes(`# TYPE ${name} `))).toEqual([])

  await redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
  const line = await log.line(/^Redis is back; what was/)
  expect(PAGE.text).toContain(`\`${String(line['msg'])}\``)
  expect(Object.keys(line)).toEqual(expect.arrayContaining(['lostFrom', 'lostUntil']))
})
