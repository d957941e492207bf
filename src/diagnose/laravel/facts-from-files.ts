/**
 * What can be told of a Laravel app without PHP: from its `.env`, its configuration and its channels file.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { EnvEntry } from '../../config/env-file.ts'
import { broadcastDriver } from '../../config/laravel-driver.ts'
import { lookupIn } from '../../config/laravel-names.ts'
import { readText } from '../../config/read-text.ts'
import { deriveRedisPrefix } from '../../config/redis-prefix.ts'
import type { AppConfiguration, BroadcastConnection, ChannelPattern } from './facts.ts'
import { fingerprintOf } from './secret.ts'

type Text = (variable: string) => string | undefined

/** As Laravel's own configuration files read the `.env`. */
export function factsFromFiles(
  directory: string,
  env: ReadonlyMap<string, EnvEntry>,
): AppConfiguration {
  const lookup = lookupIn(
    (variable) => env.get(variable)?.value,
    () => ({ kind: 'default' }),
  )
  const text: Text = (variable) => lookup(variable)?.value || undefined
  const queue = text('QUEUE_CONNECTION') ?? text('QUEUE_DRIVER')
  const derived = deriveRedisPrefix(directory, lookup('APP_NAME')?.value)
  const derivedPrefix = 'prefix' in derived ? derived.prefix : undefined
  return {
    version: installedVersion(directory),
    name: text('APP_NAME'),
    environment: text('APP_ENV') ?? 'production',
    debug: text('APP_DEBUG') === 'true',
    url: text('APP_URL'),
    isDown: existsSync(join(directory, 'storage/framework/down')),
    isConfigCached: existsSync(join(directory, 'bootstrap/cache/config.php')),
    areRoutesCached: existsSync(join(directory, 'bootstrap/cache/routes-v7.php')),
    default: broadcastDriver(directory, text).name,
    connections: {
      reverb: pusherConnection('reverb', 'REVERB', text),
      pusher: pusherConnection('pusher', 'PUSHER', text),
      redis: { ...NO_CONNECTION, driver: 'redis', redisConnection: 'default' },
      log: { ...NO_CONNECTION, driver: 'log' },
      null: { ...NO_CONNECTION, driver: 'null' },
    },
    driverFault: undefined,
    routes: [],
    channels: channelsIn(directory),
    guard: undefined,
    guards: {},
    queue: { name: queue, driver: queue, queue: 'default', connection: undefined },
    redis: {
      client: text('REDIS_CLIENT'),
      prefix: lookup('REDIS_PREFIX')?.value ?? derivedPrefix,
      isCluster: false,
      connections: {
        default: {
          host: text('REDIS_HOST') ?? '127.0.0.1',
          port: text('REDIS_PORT') ?? '6379',
          database: text('REDIS_DB') ?? '0',
          username: text('REDIS_USERNAME'),
          password: fingerprint(text('REDIS_PASSWORD')),
          isTls: text('REDIS_SCHEME') === 'tls',
          prefix: undefined,
        },
      },
    },
    cors: undefined,
    sessionCookie: undefined,
  }
}

const NO_CONNECTION: BroadcastConnection = {
  driver: undefined,
  appId: undefined,
  key: undefined,
  secret: undefined,
  host: undefined,
  port: undefined,
  scheme: undefined,
  path: undefined,
  cluster: undefined,
  masterKeyBytes: undefined,
  redisConnection: undefined,
}

function pusherConnection(
  driver: string,
  names: 'REVERB' | 'PUSHER',
  text: Text,
): BroadcastConnection {
  return {
    ...NO_CONNECTION,
    driver,
    appId: text(`${names}_APP_ID`),
    key: text(`${names}_APP_KEY`),
    secret: fingerprint(text(`${names}_APP_SECRET`)),
    host: text(`${names}_HOST`),
    port: text(`${names}_PORT`) ?? '443',
    scheme: text(`${names}_SCHEME`) ?? 'https',
    cluster: text(`${names}_APP_CLUSTER`),
  }
}

const fingerprint = (secret: string | undefined) =>
  secret === undefined ? undefined : fingerprintOf(secret)

/** `Broadcast::channel('...')` as it is written; a name that is computed is not seen. */
function channelsIn(directory: string): readonly ChannelPattern[] & ChannelPattern[] {
  const file = 'routes/channels.php'
  const read = readText(join(directory, file))
  if ('reason' in read) return []
  const calls = read.text.matchAll(/(?:::|->)channel\(\s*(['"])(?<pattern>[^'"\n]+)\1/g)
  return [...calls].map(({ index, groups }) => ({
    pattern: groups?.['pattern'] ?? '',
    connection: undefined,
    guards: [],
    where: `${file}:${read.text.slice(0, index).split('\n').length}`,
  }))
}

function installedVersion(directory: string): string | undefined {
  const file = 'vendor/laravel/framework/src/Illuminate/Foundation/Application.php'
  const read = readText(join(directory, file))
  return 'text' in read ? /const VERSION = '([^']+)'/.exec(read.text)?.[1] : undefined
}
