/**
 * Connections to a Redis: which kind it is, is configuration and nobody else's business. The only
 * room that constructs ioredis clients.
 *
 * A client says nothing by itself, so that no password can reach a log: its owner listens to its
 * `error` events, and logs them `withoutPasswords`.
 */
import type { Cluster, Redis, RedisOptions } from 'ioredis'
import { connectorTo, tlsFiles } from './connector.ts'
import { requireRedis } from './ioredis.ts'
import { ClusterLocation, fixedLocation, type Location, SentinelLocation } from './location.ts'
import { SlotLocation } from './slot-location.ts'
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
  | 'socketTimeout'
>

/**
 * A client that is not connected yet: call its `connect`.
 * @param behaviour of each connection it makes; with a ready check, only a master is connected to
 */
export function createRedis(target: RedisTarget, behaviour: RedisBehaviour): RedisClient {
  const client =
    target.cluster.length > 0
      ? createCluster(target, behaviour)
      : redisAt(locationOf(target), target, { ...behaviour, ...databaseOf(target.url) }, true)
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
 * @param shardChannel of a Cluster's shard: only the node that has it will do
 */
export function createSubscriber(
  target: RedisTarget,
  behaviour: RedisBehaviour,
  shardChannel?: string,
): SubscriberConnection {
  const location =
    shardChannel === undefined ? locationOf(target) : shardLocation(target, shardChannel)
  const redis = redisAt(location, target, behaviour, false)
  redis.on('error', () => {})
  return { redis, location }
}

function redisAt(
  location: Location,
  { url, cluster, sentinels, tls }: RedisTarget,
  options: RedisBehaviour & Pick<RedisOptions, 'db'>,
  isWatched: boolean,
): Redis {
  const [text = ''] = [...cluster, url ?? []].flat()
  return new (requireRedis().Redis)({
    ...options,
    ...credentialsOf(text),
    ...secureConnectOf(text),
    lazyConnect: true,
    Connector: connectorTo({
      location: () => location,
      tls: isTls(text) ? tls : undefined,
      isMasterWanted: sentinels.length > 0,
      isWatched,
    }),
  })
}

const isTls = (url: string): boolean => url.startsWith('rediss:')

/** Says which event of its socket ioredis is to await; the files are the connector's. */
const secureConnectOf = (url: string): Pick<RedisOptions, 'tls'> => (isTls(url) ? { tls: {} } : {})

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

function shardLocation({ cluster, tls }: RedisTarget, channel: string): Location {
  const [first = ''] = cluster
  const addresses = cluster.map((url) => addressOf(url))
  return new SlotLocation(channel, addresses, () => userOf(first, tls))
}

/** The database that a URL names in its path; for pub/sub it does not matter. */
function databaseOf(url: string | undefined): Pick<RedisOptions, 'db'> {
  const number = /^\/(\d+)$/.exec(url === undefined ? '' : new URL(url).pathname)?.[1]
  return number === undefined ? {} : { db: Number(number) }
}

function createCluster({ cluster, tls }: RedisTarget, behaviour: RedisBehaviour): Cluster {
  const { retryStrategy, enableOfflineQueue, ...others } = behaviour
  const { Cluster } = requireRedis()
  const [first = ''] = cluster
  return new Cluster(
    cluster.map((url) => addressOf(url)),
    {
      lazyConnect: true,
      redisOptions: {
        ...others,
        ...credentialsOf(first),
        ...secureConnectOf(first),
        Connector: connectorTo({
          location: fixedLocation,
          tls: isTls(first) ? tls : undefined,
          isMasterWanted: false,
          isWatched: false,
        }),
      },
      ...(retryStrategy === undefined ? {} : { clusterRetryStrategy: retryStrategy }),
      ...(enableOfflineQueue === undefined ? {} : { enableOfflineQueue }),
      dnsLookup: (host, done) => done(null, host), // the certificate names the host, not its address
    },
  )
}

function userOf(url: string, tls: RedisTls): Pick<RedisOptions, 'username' | 'password' | 'tls'> {
  return {
    ...credentialsOf(url),
    ...(isTls(url) ? { tls: tlsFiles(tls) } : {}),
  }
}
