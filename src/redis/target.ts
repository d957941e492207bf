/**
 * Which Redis is meant: one server, the master that Sentinels name, or a Cluster. Pure.
 */

/** Where a Redis is. URLs are `redis://` or `rediss://`. */
export interface RedisTarget {
  /** With Sentinels, its host is the master's name. */
  readonly url?: string | undefined
  /** Some nodes of a Cluster, instead of `url`. */
  readonly cluster: readonly string[]
  readonly sentinels: readonly string[]
  readonly tls: RedisTls
}

/** Paths of PEM files, for `rediss://`. */
export interface RedisTls {
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

export interface RedisAddress {
  readonly host: string
  readonly port: number
}

/** Where a Laravel app may say that it publishes to another Redis than the server's own. */
export interface LaravelRedis {
  readonly redisUrl?: string | undefined
  readonly redisCluster: readonly string[]
  readonly redisSentinels: readonly string[]
  readonly redisTls: RedisTls
}

const DEFAULT_PORT = 6379
const DEFAULT_SENTINEL_PORT = 26_379

/** Whether there is anything to connect to. */
export const isConfigured = ({ url, cluster }: RedisTarget): boolean =>
  url !== undefined || cluster.length > 0

/** The Redis of a Laravel app: its own, if it names one, and all of that; or else the server's. */
export function redisOf(laravel: LaravelRedis, server: RedisTarget): RedisTarget {
  const { redisUrl: url, redisCluster: cluster, redisSentinels: sentinels } = laravel
  const own = { url, cluster, sentinels, tls: laravel.redisTls }
  return isConfigured(own) ? own : server
}

/** What a target is called in logs: its addresses, without a user or password. */
export function nameOfRedis({ url, cluster, sentinels }: RedisTarget): string {
  const hosts = (urls: readonly string[]): string => urls.map((text) => new URL(text).host).join()
  if (cluster.length > 0) return hosts(cluster)
  return hosts(url === undefined ? sentinels : [url, ...sentinels])
}

/** The same for two targets exactly if they say the same. Holds passwords: never shown. */
export function keyOfRedis({ url, cluster, sentinels, tls }: RedisTarget): string {
  return JSON.stringify([
    url,
    [...cluster].sort(),
    [...sentinels].sort(),
    tls.ca,
    tls.cert,
    tls.key,
  ])
}

/**
 * By what a Redis is known, as far as addresses tell and whoever the user is: two targets that share
 * one of these lead to the same.
 */
export function identitiesOf(target: RedisTarget): readonly string[] {
  const name = masterName(target) ?? ''
  return [...new Set(addressesOf(target).map((address) => `${name} ${textOf(address)}`))]
}

/** Replaces the passwords of a target's URLs in a text: Redis may repeat what it was sent. */
export function withoutPasswords(text: string, { url, cluster, sentinels }: RedisTarget): string {
  const urls = [...(url === undefined ? [] : [url]), ...cluster, ...sentinels]
  return urls
    .map((each) => credentialsOf(each).password ?? '')
    .filter((password) => password !== '')
    .sort((a, b) => b.length - a.length) // one may be part of another
    .reduce((masked, password) => masked.replaceAll(password, '********'), text)
}

/** Under which name the Sentinels know the master; undefined without Sentinels. */
export function masterName({ url, sentinels }: RedisTarget): string | undefined {
  if (url === undefined || sentinels.length === 0) return undefined
  return decodeURIComponent(new URL(url).hostname)
}

export function addressOf(url: string, defaultPort = DEFAULT_PORT): RedisAddress {
  const { hostname, port } = new URL(url)
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? defaultPort : Number(port) }
}

export const sentinelAddress = (url: string): RedisAddress => addressOf(url, DEFAULT_SENTINEL_PORT)

export function credentialsOf(url: string): { username?: string; password?: string } {
  const { username, password } = new URL(url)
  return {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
  }
}

/** Whatever may be connected to: Sentinels instead of the master that they name. */
function addressesOf({ url, cluster, sentinels }: RedisTarget): readonly RedisAddress[] {
  if (cluster.length > 0) return cluster.map((text) => addressOf(text))
  if (sentinels.length > 0) return sentinels.map(sentinelAddress)
  return url === undefined ? [] : [addressOf(url)]
}

export const textOf = ({ host, port }: RedisAddress): string => `${host.toLowerCase()}:${port}`
