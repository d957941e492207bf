/**
 * The databases of a soketi: the Redis of its drivers, and the one that holds its apps.
 */
import type { Note, Piece } from './piece.ts'
import type { SoketiSettings } from './settings.ts'

/** Redis and PostgreSQL, where a driver uses them. */
export function* databasesOf(soketi: SoketiSettings): Generator<Piece> {
  yield* redisOf(soketi)
  yield* tableOf(soketi)
}

/** The drivers that can be on Redis, the one whose Redis matters most here first. */
const REDIS_DRIVERS = [
  { driver: 'queue.driver', own: ['queue.redis.redisOptions'], mode: 'queue.redis.clusterMode' },
  {
    driver: 'adapter.driver',
    own: ['adapter.redis.redisPubOptions', 'adapter.redis.redisSubOptions'],
    mode: 'adapter.redis.clusterMode',
  },
  { driver: 'cache.driver', own: ['cache.redis.redisOptions'], mode: 'cache.redis.clusterMode' },
  {
    driver: 'rateLimiter.driver',
    own: ['rateLimiter.redis.redisOptions'],
    mode: 'rateLimiter.redis.clusterMode',
  },
] as const

/** What soketi gives to ioredis, as far as it decides where to connect. */
const REDIS_FIELDS = [
  ...['host', 'port', 'username', 'password', 'keyPrefix', 'tls'],
  ...['sentinels', 'sentinelPassword', 'name', 'clusterNodes', 'db'],
] as const

function* redisOf(soketi: SoketiSettings): Generator<Piece> {
  const from = 'database.redis'
  const used = REDIS_DRIVERS.find(({ driver }) => soketi.valueOf(driver) === 'redis')
  if (used === undefined) {
    yield* unused(soketi, from, 'is not taken over, as no driver of soketi is on Redis')
    return
  }
  const own = Object.assign({}, ...used.own.map((path) => recordIn(soketi.valueOf(path))))
  const of: Record<string, unknown> = Object.fromEntries(
    REDIS_FIELDS.map((name) => [name, own[name] ?? soketi.valueOf(`${from}.${name}`)]),
  )
  const others = Object.keys(own).filter((name) => !REDIS_FIELDS.some((known) => known === name))
  if (others.length > 0) {
    yield note(soketi, used.own[0], `is taken over without ${others.join(', ')}`)
  }
  if (Number(of['db'] ?? 0) !== 0) {
    yield note(soketi, `${from}.db`, 'is not taken over: keys of ours have redis.keyPrefix instead')
  }
  const tls = recordIn(of['tls'])
  if (['ca', 'cert', 'key'].some((name) => name in tls)) {
    yield note(
      soketi,
      `${from}.tls`,
      'has certificates: put them into files, and name those in redis.tls',
    )
  }
  const scheme = of['tls'] ? 'rediss' : 'redis'
  const user = userInfo(of['username'], of['password'])
  const nodes = soketi.valueOf(used.mode) ? addressesIn(of['clusterNodes']) : []
  const sentinels = addressesIn(of['sentinels'])
  const guard = userInfo(undefined, of['sentinelPassword'])
  const keyPrefix = of['keyPrefix'] ? { keyPrefix: of['keyPrefix'] } : {}
  const url =
    sentinels.length > 0
      ? `${scheme}://${user}${of['name']}`
      : `${scheme}://${user}${hostPort(of['host'], of['port'])}`
  const target =
    nodes.length > 0
      ? { cluster: nodes.map((node) => `${scheme}://${user}${node}`) }
      : {
          url,
          ...(sentinels.length > 0 && {
            sentinels: sentinels.map((one) => `redis://${guard}${one}`),
          }),
        }
  yield { kind: 'value', path: ['redis'], value: { ...target, ...keyPrefix }, from }
}

const HOUR_SECONDS = 3600

/** The table of apps, where soketi has them in PostgreSQL; no other database can be read here. */
function* tableOf(soketi: SoketiSettings): Generator<Piece> {
  const from = 'database.postgres'
  const driver = soketi.valueOf('appManager.driver')
  if (driver === 'array') {
    yield* unused(soketi, from, 'is not taken over, as the apps are not there')
    return
  }
  if (driver !== 'postgres') {
    const setting = 'appManager.driver'
    const message = `is ${driver}, which cannot be read: list the apps in apps[], or copy their table to PostgreSQL (postgres.url)`
    yield { kind: 'app left out', setting, place: soketi.placeOf(setting), message }
    return
  }
  const of = (name: string): unknown => soketi.valueOf(`${from}.${name}`)
  const user = userInfo(of('user'), of('password'))
  const ssl = of('ssl')
  const mode = recordIn(ssl)['rejectUnauthorized'] === false ? 'no-verify' : 'verify-full'
  const database = encodeURIComponent(String(of('database')))
  const url = `postgres://${user}${hostPort(of('host'), of('port'))}/${database}${ssl ? `?sslmode=${mode}` : ''}`
  const seconds = Number(soketi.valueOf('appManager.cache.ttl'))
  const isCached = Boolean(soketi.valueOf('appManager.cache.enabled')) && seconds > 0
  const value = {
    url,
    ...(soketi.isChanged('appManager.postgres.table') && {
      table: soketi.valueOf('appManager.postgres.table'),
    }),
    ...(isCached && { cacheSeconds: Math.min(seconds, HOUR_SECONDS) }),
  }
  yield { kind: 'value', path: ['postgres'], value, from }
}

function* unused(soketi: SoketiSettings, group: string, message: string): Generator<Note> {
  const changed = soketi.changed.filter((path) => path.startsWith(`${group}.`))
  const [first] = changed
  if (first === undefined) return
  yield { ...note(soketi, first, message), setting: changed.join(', ') }
}

function note(soketi: SoketiSettings, setting: string, message: string): Note {
  return { kind: 'different', setting, place: soketi.placeOf(setting), message }
}

/** In front of a host, in a URL. */
function userInfo(user: unknown, password: unknown): string {
  const [name, secret] = [user, password].map((text) =>
    text === undefined || text === null ? '' : encodeURIComponent(String(text)),
  )
  if (secret === '') return name === '' ? '' : `${name}@`
  return `${name}:${secret}@`
}

function hostPort(host: unknown, port: unknown): string {
  const name = String(host)
  const bracketed = name.includes(':') && !name.startsWith('[') ? `[${name}]` : name
  return port === undefined || port === null ? bracketed : `${bracketed}:${port}`
}

/** Nodes as ioredis takes them: objects, and texts with or without a scheme. */
function addressesIn(nodes: unknown): readonly string[] {
  if (!Array.isArray(nodes)) return []
  return nodes.map((node: unknown) => {
    if (typeof node === 'string') return node.replace(/^rediss?:\/\//, '')
    const { host = '127.0.0.1', port } = recordIn(node)
    return hostPort(host, port)
  })
}

function recordIn(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
