/**
 * What two options about Redis say against each other: the server's own, or those of a Laravel app.
 */
import {
  identitiesOf,
  isConfigured,
  type RedisTarget,
  type RedisTls,
  redisOf,
} from '../redis/target.ts'
import type { Contradiction } from './contradictions.ts'
import type { Options } from './schema.ts'

/** A group of options that describe one Redis, by the names that they have there. */
interface Group {
  readonly path: readonly (string | number)[]
  readonly names: Readonly<Record<keyof RedisTarget, string>>
  readonly target: RedisTarget
}

const SERVER = { url: 'url', cluster: 'cluster', sentinels: 'sentinels', tls: 'tls' } as const
const LARAVEL = {
  url: 'redisUrl',
  cluster: 'redisCluster',
  sentinels: 'redisSentinels',
  tls: 'redisTls',
} as const

export function* redisContradictions(options: Options): Generator<Contradiction> {
  const { redis, apps } = options
  yield* inGroup({ path: ['redis'], names: SERVER, target: redis })
  for (const [index, { laravel }] of apps.entries()) {
    const { redisUrl: url, redisCluster: cluster, redisSentinels: sentinels } = laravel
    const target = { url, cluster, sentinels, tls: laravel.redisTls }
    yield* inGroup({ path: ['apps', index, 'laravel'], names: LARAVEL, target })
  }
  yield* betweenApps(options)
}

function* inGroup({ path, names, target }: Group): Generator<Contradiction> {
  if (!hasGoodUrls(target)) return
  const { url, cluster, sentinels, tls } = target
  const at = (name: string, message: string): Contradiction => ({ path: [...path, name], message })
  if (cluster.length > 0 && url !== undefined) {
    yield at(names.cluster, `and ${names.url} exclude each other: a Redis is a Cluster or is none`)
  }
  if (cluster.length > 0 && sentinels.length > 0) {
    yield at(names.cluster, `and ${names.sentinels} exclude each other: a Cluster has no Sentinels`)
  }
  if (sentinels.length > 0 && url === undefined && cluster.length === 0) {
    const message = `is required beside ${names.sentinels}: its host is the name of the master`
    yield at(names.url, message)
  }
  for (const name of ['cluster', 'sentinels'] as const) {
    if (new Set(target[name].map((text) => new URL(text).protocol)).size < 2) continue
    yield at(names[name], 'must be redis:// in all URLs or rediss:// in all')
  }
  const urls = [url ?? [], ...cluster, ...sentinels].flat()
  const isTls = urls.some((text) => text.startsWith('rediss:'))
  for (const { file, message } of aboutTls(tls, isTls, names)) {
    yield { path: [...path, names.tls, file], message }
  }
}

/** Files that would not be used leave a connection in clear that was meant to be private. */
function* aboutTls(
  tls: RedisTls,
  isTls: boolean,
  names: Group['names'],
): Generator<{ file: keyof RedisTls; message: string }> {
  for (const [file, other] of [
    ['cert', 'key'],
    ['key', 'cert'],
  ] as const) {
    if (tls[other] === undefined || tls[file] !== undefined) continue
    yield { file, message: `is required beside ${names.tls}.${other}` }
  }
  const given = (['ca', 'cert', 'key'] as const).find((file) => tls[file] !== undefined)
  if (given === undefined || isTls) return
  const message = `is not used unless a URL beside it (${names.url}, ${names.cluster}) begins with rediss://`
  yield { file: given, message }
}

function* betweenApps({ apps, redis }: Options): Generator<Contradiction> {
  const heard = new Map<string, Prefixes>() // by what makes two Redis the same
  for (const [index, { laravel }] of apps.entries()) {
    const { redisPrefix: prefix, redisUrl, redisCluster } = laravel
    const target = redisOf(laravel, redis)
    if (!hasGoodUrls(target)) continue
    const path = ['apps', index, 'laravel']
    if (prefix === undefined) {
      if (redisUrl === undefined && redisCluster.length === 0) continue
      const given = redisUrl === undefined ? 'redisCluster' : 'redisUrl'
      const message = `is required beside ${given}: it is the Laravel app's own, and not guessed`
      yield { path: [...path, 'redisPrefix'], message }
    } else if (!isConfigured(target)) {
      const message = 'is required beside redisPrefix, unless redis.url is set'
      yield { path: [...path, 'redisUrl'], message }
    } else {
      // An app would hear another's private channels under names that are public to its own clients.
      const places = identitiesOf(target).map((identity) => {
        const place = heard.get(identity) ?? new Prefixes()
        heard.set(identity, place)
        return place
      })
      const overlaps = places.some((place) => place.beginsLikeOne(prefix))
      if (overlaps) {
        const message =
          "and another app's prefix on the same Redis begin alike: one app would hear the other's events"
        yield { path: [...path, 'redisPrefix'], message }
      }
      for (const place of places) place.add(prefix)
    }
  }
}

/** Prefixes of one Redis. As a table may list many thousand apps, none is compared with each other. */
class Prefixes {
  readonly #whole = new Set<string>()
  /** Whatever one of them begins with, itself included. */
  readonly #beginnings = new Set<string>()

  add(prefix: string): void {
    this.#whole.add(prefix)
    for (const beginning of beginningsOf(prefix)) this.#beginnings.add(beginning)
  }

  /** Whether one of them begins with `prefix`, or `prefix` with one of them. */
  beginsLikeOne(prefix: string): boolean {
    return (
      this.#beginnings.has(prefix) ||
      beginningsOf(prefix).some((beginning) => this.#whole.has(beginning))
    )
  }
}

const beginningsOf = (text: string): readonly string[] =>
  Array.from({ length: text.length + 1 }, (_, length) => text.slice(0, length))

/** A URL that the schema refuses for itself is asked no more. */
const hasGoodUrls = ({ url, cluster, sentinels }: RedisTarget): boolean =>
  [url ?? [], ...cluster, ...sentinels]
    .flat()
    .every((text) => /^rediss?:/.test(text) && URL.canParse(text))
