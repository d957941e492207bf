/**
 * A connection to one Redis, to the master that Sentinels name, or to a Redis Cluster: which of them
 * is configuration, and nobody else's business. The only module that constructs ioredis clients.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Cluster, Redis, RedisOptions } from 'ioredis'

const require = createRequire(import.meta.url)

/** Loaded by the first who needs it: a server without Redis does without its 25 MB. */
const requireRedis = (): typeof import('ioredis') => require('ioredis')

/** Where a Redis is. URLs are `redis://` or `rediss://`. */
export interface RedisTarget {
  /** With Sentinels, its host is the master's name. */
  readonly url?: string | undefined
  /** Some nodes of a cluster, instead of `url`. */
  readonly cluster: readonly string[]
  readonly sentinels: readonly string[]
  /** Paths of PEM files, for `rediss://`. */
  readonly tls: RedisTls
}

export interface RedisTls {
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

export type RedisClient = Redis | Cluster

/** How a connection behaves; where it goes is the target's. */
export type RedisBehaviour = Pick<
  RedisOptions,
  | 'autoResendUnfulfilledCommands'
  | 'autoResubscribe'
  | 'commandTimeout'
  | 'connectTimeout'
  | 'connectionName'
  | 'disableClientInfo'
  | 'disconnectTimeout'
  | 'enableOfflineQueue'
  | 'enableReadyCheck'
  | 'maxRetriesPerRequest'
  | 'retryStrategy'
>

/** Whether there is anything to connect to. */
export const isConfigured = ({ url, cluster }: RedisTarget): boolean =>
  url !== undefined || cluster.length > 0

/** What a target is called in logs and keys of maps: its addresses, without a user or password. */
export function nameOfRedis({ url, cluster, sentinels }: RedisTarget): string {
  const hosts = (urls: readonly string[]): string => urls.map((text) => new URL(text).host).join()
  if (cluster.length > 0) return hosts(cluster)
  return hosts(url === undefined ? sentinels : [url, ...sentinels])
}

/**
 * A client that is not connected yet: call its `connect`.
 * @param behaviour of each connection it makes
 * @throws Error when a TLS file cannot be read
 */
export function createRedis(target: RedisTarget, behaviour: RedisBehaviour): RedisClient {
  const { Cluster, Redis } = requireRedis()
  const [first] = target.cluster
  if (first !== undefined) {
    const { retryStrategy, enableOfflineQueue, ...others } = behaviour
    return new Cluster(
      target.cluster.map((node) => addressOf(new URL(node))),
      {
        lazyConnect: true,
        redisOptions: { ...others, ...credentialsOf(new URL(first)), ...tlsOf(first, target.tls) },
        ...(retryStrategy === undefined ? {} : { clusterRetryStrategy: retryStrategy }),
        ...(enableOfflineQueue === undefined ? {} : { enableOfflineQueue }),
        dnsLookup: (host, done) => done(null, host), // the certificate names the host, not its address
      },
    )
  }
  const url = new URL(target.url ?? 'redis://127.0.0.1')
  const own = {
    ...behaviour,
    lazyConnect: true,
    ...credentialsOf(url),
    ...tlsOf(url.href, target.tls),
  }
  const [sentinel] = target.sentinels
  if (sentinel === undefined) return new Redis({ ...own, ...addressOf(url) })
  const { username, password } = credentialsOf(new URL(sentinel))
  const sentinelTls = tlsOf(sentinel, target.tls).tls
  return new Redis({
    ...own,
    sentinels: target.sentinels.map((text) => addressOf(new URL(text))),
    name: decodeURIComponent(url.hostname),
    enableTLSForSentinelMode: sentinelTls !== undefined,
    ...(sentinelTls === undefined ? {} : { sentinelTLS: sentinelTls }),
    ...(username === undefined ? {} : { sentinelUsername: username }),
    ...(password === undefined ? {} : { sentinelPassword: password }),
  })
}

const DEFAULT_PORT = 6379

function addressOf({ hostname, port }: URL): { host: string; port: number } {
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? DEFAULT_PORT : Number(port),
  }
}

function credentialsOf({ username, password }: URL): { username?: string; password?: string } {
  return {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
  }
}

function tlsOf(url: string, { ca, cert, key }: RedisTls): Pick<RedisOptions, 'tls'> {
  if (!url.startsWith('rediss:')) return {}
  return {
    tls: {
      ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
      ...(cert === undefined ? {} : { cert: readFileSync(cert) }),
      ...(key === undefined ? {} : { key: readFileSync(key) }),
    },
  }
}
