/**
 * Connections to a Redis: which kind it is, is configuration and nobody else's business. The only
 * room that constructs ioredis clients.
 *
 * A client says nothing by itself, so that no password can reach a log: its owner listens to its
 * `error` events, and logs them `withoutPasswords`.
 */
import { readFileSync } from 'node:fs'
import { createConnection, Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Cluster, Redis, RedisOptions } from 'ioredis'
import { requireRedis } from './ioredis.ts'
import { ClusterLocation, fixedLocation, type Location, SentinelLocation } from './location.ts'
import {
  addressOf,
  credentialsOf,
  masterName,
  type RedisTarget,
  type RedisTls,
  sentinelAddress,
} from './target.ts'

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

/**
 * A client that is not connected yet: call its `connect`.
 * @param behaviour of each connection it makes; with a ready check, only a master is connected to
 * @throws Error when a TLS file of a Cluster cannot be read
 */
export function createRedis(target: RedisTarget, behaviour: RedisBehaviour): RedisClient {
  const client =
    target.cluster.length > 0
      ? createCluster(target, behaviour)
      : redisAt(locationOf(target), target, { ...behaviour, ...databaseOf(target.url) })
  client.on('error', () => {}) // ioredis prints those that nobody listens to
  return client
}

/** A connection for subscribing, which goes on trying where its Redis is at that moment. */
export interface SubscriberConnection {
  /** Not connected yet. */
  readonly redis: Redis
  readonly location: Location
}

/**
 * A connection that hears what is published. To a Cluster it is a plain one to any node, as PUBLISH
 * reaches every node, and to the next after a loss: ioredis' own subscriber does not tell whether a
 * pattern was refused, nor when it has changed nodes.
 */
export function createSubscriber(
  target: RedisTarget,
  behaviour: RedisBehaviour,
): SubscriberConnection {
  const location = locationOf(target)
  const redis = redisAt(location, target, behaviour)
  redis.on('error', () => {})
  return { redis, location }
}

function redisAt(
  location: Location,
  { url, cluster, sentinels, tls }: RedisTarget,
  options: RedisBehaviour & Pick<RedisOptions, 'db'>,
): Redis {
  const [text = ''] = [...cluster, url ?? []].flat()
  const isTls = text.startsWith('rediss:')
  return new (requireRedis().Redis)({
    ...options,
    ...credentialsOf(text),
    ...(isTls ? { tls: {} } : {}), // says which event of the socket to await
    lazyConnect: true,
    Connector: connectorTo(location, isTls ? tls : undefined, sentinels.length > 0),
  })
}

function locationOf(target: RedisTarget): Location {
  const { cluster, sentinels, tls } = target
  const [node] = cluster
  if (node !== undefined) {
    return new ClusterLocation(
      cluster.map((url) => addressOf(url)),
      () => userOf(node, tls),
    )
  }
  const [sentinel] = sentinels
  const name = masterName(target)
  if (sentinel !== undefined && name !== undefined) {
    return new SentinelLocation(name, sentinels.map(sentinelAddress), () => userOf(sentinel, tls))
  }
  return fixedLocation(addressOf(target.url ?? ''))
}

/** The database that a URL names in its path; for pub/sub it does not matter. */
function databaseOf(url: string | undefined): Pick<RedisOptions, 'db'> {
  const number = /^\/(\d+)$/.exec(url === undefined ? '' : new URL(url).pathname)?.[1]
  return number === undefined ? {} : { db: Number(number) }
}

/**
 * What ioredis gets its sockets from: on every attempt the address of that moment, and the TLS files
 * as they are then, so that a certificate can be replaced. (Its own connector to Sentinels believes
 * the first that answers, and cannot be stopped while none does.)
 * @param tls undefined without TLS
 */
function connectorTo(
  location: Location,
  tls: RedisTls | undefined,
  isSentinel: boolean,
): NonNullable<RedisOptions['Connector']> {
  const { AbstractConnector } = requireRedis()
  return class extends AbstractConnector {
    #asking = new AbortController()

    constructor(options: unknown) {
      super(disconnectTimeoutIn(options))
    }

    override async connect(): Promise<Socket> {
      this.connecting = true
      this.#asking = new AbortController()
      const { signal } = this.#asking
      try {
        const address = await location.next(signal)
        signal.throwIfAborted()
        this.stream =
          tls === undefined
            ? createConnection(address)
            : connectTls({ ...address, ...tlsFiles(tls) })
      } catch (error) {
        signal.throwIfAborted()
        this.firstError = error instanceof Error ? error : new Error(String(error))
        this.stream = new Socket().destroy() // ioredis tries again after a socket that failed
      }
      this.stream.once('error', (error) => {
        this.firstError = error
      })
      return this.stream
    }

    override disconnect(): void {
      this.#asking.abort(new Error('Connection is closed.'))
      super.disconnect()
    }

    /** Asked after a ready check, with what INFO says. */
    override check({ role }: { role?: unknown }): boolean {
      return !isSentinel || role === undefined || role === 'master'
    }
  }
}

const DISCONNECT_TIMEOUT_MS = 2000

function disconnectTimeoutIn(options: unknown): number {
  const given =
    typeof options === 'object' && options !== null && 'disconnectTimeout' in options
      ? options.disconnectTimeout
      : undefined
  return typeof given === 'number' ? given : DISCONNECT_TIMEOUT_MS
}

function createCluster({ cluster, tls }: RedisTarget, behaviour: RedisBehaviour): Cluster {
  const { retryStrategy, enableOfflineQueue, ...others } = behaviour
  const { Cluster } = requireRedis()
  return new Cluster(
    cluster.map((url) => addressOf(url)),
    {
      lazyConnect: true,
      redisOptions: { ...others, ...userOf(cluster[0] ?? '', tls) },
      ...(retryStrategy === undefined ? {} : { clusterRetryStrategy: retryStrategy }),
      ...(enableOfflineQueue === undefined ? {} : { enableOfflineQueue }),
      dnsLookup: (host, done) => done(null, host), // the certificate names the host, not its address
    },
  )
}

function userOf(url: string, tls: RedisTls): Pick<RedisOptions, 'username' | 'password' | 'tls'> {
  return {
    ...credentialsOf(url),
    ...(url.startsWith('rediss:') ? { tls: tlsFiles(tls) } : {}),
  }
}

/** @throws Error when one cannot be read */
function tlsFiles({ ca, cert, key }: RedisTls): { ca?: Buffer; cert?: Buffer; key?: Buffer } {
  return {
    ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
    ...(cert === undefined ? {} : { cert: readFileSync(cert) }),
    ...(key === undefined ? {} : { key: readFileSync(key) }),
  }
}
