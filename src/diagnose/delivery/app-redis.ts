/**
 * The Redis that the Laravel app publishes to, as the app itself resolves it.
 */
import { describeOrigin } from '../../config/setting.ts'
import { credentialsOf, type RedisTarget, redisOf } from '../../redis/target.ts'
import { type LaravelFacts, usedConnection } from '../laravel/facts.ts'
import type { Scene } from '../scene.ts'
import { secretOf } from './app-api.ts'
import type { LocalServer } from './server.ts'

export interface AppRedis {
  /** `127.0.0.1:6379`, for people. */
  readonly name: string
  /** What the app puts before its channels; undefined where that cannot be told. */
  readonly prefix: string | undefined
  /** Where it is; undefined where that, or the password, cannot be told. */
  readonly target: RedisTarget | undefined
}

/** Where the server listens to what the app publishes. */
export const serversRedis = ({ app, config }: LocalServer): RedisTarget =>
  redisOf(app.laravel, config.redis)

export function appRedis(facts: LaravelFacts, local: LocalServer): AppRedis {
  const { redis } = facts.app
  const name = usedConnection(facts)?.redisConnection ?? 'default'
  const connection = redis.connections[name]
  const { prefix } = redis
  const { host, port = '6379' } = connection ?? {}
  if (connection === undefined || host === undefined || host.startsWith('/')) {
    return { name: `the connection ${name}`, prefix, target: undefined }
  }
  const bare = host.replace(/^\w+:\/\//, '')
  const known = serversRedis(local)
  const knownUrl = known.url ?? known.cluster[0]
  const password = secretOf(connection.password, [
    knownUrl === undefined ? undefined : credentialsOf(knownUrl).password,
    facts.env.get('REDIS_PASSWORD')?.value,
  ])
  const isSecure = connection.isTls || host.startsWith('tls://')
  const url = new URL(`${isSecure ? 'rediss' : 'redis'}://${bare}:${port}`)
  url.username = connection.username ?? ''
  url.password = password ?? ''
  const isKnown = connection.password === undefined || password !== undefined
  return {
    name: `${bare}:${port}`,
    prefix,
    target: isKnown ? { url: url.href, cluster: [], sentinels: [], tls: known.tls } : undefined,
  }
}

/** Where the server's own idea of the prefix comes from. */
export function originOfPrefix({ reading }: Scene, { config, app }: LocalServer): string {
  if (!reading.valid) return ''
  const path = ['apps', config.apps.indexOf(app), 'laravel', 'redisPrefix']
  return describeOrigin(reading.originOf(path))
}
