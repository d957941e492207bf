/**
 * A Laravel app's `.env` (`--laravel DIR`), as far as it concerns this server. Never writes it.
 *
 * Made so that an app set up by `php artisan reverb:install` works unchanged: the server listens where
 * that app publishes. Says what it assumed, and what in the app contradicts being served from here.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnvFile } from './env-file.ts'
import {
  credentialName,
  type Family,
  familyOf,
  type Lookup,
  lookupIn,
  settingFrom,
} from './laravel-names.ts'
import type { Notice } from './notice.ts'
import { readText } from './read-text.ts'
import { deriveRedisPrefix } from './redis-prefix.ts'
import type { Config } from './schema.ts'
import type { Origin, Setting } from './setting.ts'

export interface LaravelApp {
  /** Laravel's names in the `.env`. Those of Redis only where the app publishes through it. */
  readonly lookup: Lookup
  /** Whose credentials the app broadcasts with, where both families are there. */
  readonly preferred: Family
  /** What follows from the app without one of those names saying it. */
  readonly assumed: readonly Setting[]
  /** Why the Redis prefix cannot be told, where it has to be. */
  readonly prefixUnknown: string | undefined
  readonly notices: readonly Notice[]
  /** What in the app contradicts the configuration that came of it. */
  review(config: Config): readonly Notice[]
}

/** Where the app sends events and browsers connect, by its `.env`. */
interface Target {
  readonly host: string | undefined
  readonly port: string | undefined
  readonly scheme: string
}

/**
 * Reads the app in `directory`, which messages call `name`.
 *
 * @returns the system's reason, such as ENOENT, when its `.env` cannot be read
 */
export function readLaravelApp(
  directory: string,
  name: string,
): LaravelApp | { readonly reason: string } {
  const read = readText(join(directory, '.env'))
  if ('reason' in read) return read
  const file = join(name, '.env')
  const { entries, invalidLines } = parseEnvFile(read.text)
  const originOf = (variable: string): Origin => ({ kind: 'laravel', file, variable })
  const every = lookupIn((variable) => entries.get(variable)?.value, originOf)
  const text = (variable: string) => every(variable)?.value || undefined

  const driver = text('BROADCAST_CONNECTION') ?? text('BROADCAST_DRIVER') ?? 'null'
  const preferred = driver === 'pusher' ? 'PUSHER' : 'REVERB'
  const family = familyOf(every, preferred)
  const target = {
    host: text(`${family}_HOST`),
    port: text(`${family}_PORT`),
    scheme: text(`${family}_SCHEME`) ?? 'https',
  }
  const publishesToRedis = driver === 'redis' || every('REDIS_PREFIX') !== undefined
  const assumed: Setting[] = []
  const notices = [
    ...driverNotices(driver, family, text),
    ...fileNotices(directory, file, invalidLines),
    ...browserNotices(family, text),
  ]
  if (listensWhereLaravelPublishes(target)) {
    assumed.push(...settingFrom('port', every(`${family}_PORT`)))
  }
  let prefixUnknown: string | undefined
  if (driver === 'redis' && every('REDIS_PREFIX') === undefined) {
    const derived = deriveRedisPrefix(directory, every('APP_NAME')?.value)
    if ('unknown' in derived) {
      prefixUnknown = derived.unknown
    } else {
      const { prefix, rule } = derived
      const origin: Origin = {
        kind: 'laravel',
        file: join(name, derived.file),
        variable: 'database.redis.options.prefix',
      }
      assumed.push(...settingFrom('apps[].laravel.redisPrefix', { value: prefix, origin }))
      notices.push({
        level: 'info',
        message: 'the Redis prefix is derived, as the .env has no REDIS_PREFIX',
        fields: { prefix, rule, file: derived.file },
      })
    }
  }
  return {
    lookup: (variable) => {
      if (!variable.startsWith('REDIS_')) return every(variable)
      if (!publishesToRedis) return undefined
      if (variable === 'REDIS_HOST' && text('REDIS_HOST') === undefined) {
        return { value: '127.0.0.1', origin: originOf("Laravel's default REDIS_HOST") }
      }
      return every(variable)
    },
    preferred,
    assumed,
    prefixUnknown,
    notices,
    review: (config) => [...contradictions(config, family, target, text)],
  }
}

/** Without a proxy in between, the port that Laravel calls is the one to listen on. */
function listensWhereLaravelPublishes({ host, scheme }: Target): boolean {
  return (
    scheme === 'http' &&
    host !== undefined &&
    /^(localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[?::1\]?|.+\.localhost|.+\.test)$/i.test(host)
  )
}

function* driverNotices(
  driver: string,
  family: Family,
  text: (variable: string) => string | undefined,
): Generator<Notice> {
  if (driver === 'reverb' || driver === 'pusher') {
    if (driver.toUpperCase() !== family) {
      yield warning('the app broadcasts with credentials that its .env does not have', {
        BROADCAST_CONNECTION: driver,
        taken: `${family}_APP_*`,
      })
    }
    if (text(`${driver.toUpperCase()}_HOST`) === undefined) {
      yield warning(
        driver === 'pusher'
          ? 'PUSHER_HOST is not set: Laravel publishes to pusher.com and not to this server'
          : 'REVERB_HOST is not set: Laravel has nowhere to publish to',
        { BROADCAST_CONNECTION: driver },
      )
    }
  } else if (driver !== 'redis') {
    yield warning('the app does not broadcast to this server: set BROADCAST_CONNECTION=reverb', {
      BROADCAST_CONNECTION: driver,
    })
  }
  if (driver !== 'redis' && text('REDIS_PREFIX') === undefined && text('REDIS_HOST')) {
    yield info("the app's Redis is left alone: it broadcasts another way", {
      BROADCAST_CONNECTION: driver,
    })
  }
  const queue = text('QUEUE_CONNECTION')
  if (queue !== undefined && queue !== 'sync') {
    yield info('queued events are broadcast by a queue worker only: php artisan queue:work', {
      QUEUE_CONNECTION: queue,
    })
  }
}

function* fileNotices(
  directory: string,
  file: string,
  invalidLines: readonly number[],
): Generator<Notice> {
  if (invalidLines.length > 0) {
    yield warning('the .env has lines that Laravel may not be able to read', {
      file,
      lines: invalidLines,
    })
  }
  if (existsSync(join(directory, 'bootstrap/cache/config.php'))) {
    yield warning(
      'the app runs from cached configuration, not from its .env: php artisan config:clear',
      { file: 'bootstrap/cache/config.php' },
    )
  }
}

function* browserNotices(
  family: Family,
  text: (variable: string) => string | undefined,
): Generator<Notice> {
  const key = text(credentialName(family, 'key'))
  const inBrowser = text(`VITE_${family}_APP_KEY`)
  if (key !== undefined && inBrowser !== undefined && inBrowser !== key) {
    yield warning('browsers would connect with another app key than the server has', {
      [`VITE_${family}_APP_KEY`]: inBrowser,
      [credentialName(family, 'key')]: key,
    })
  }
  const url = text('APP_URL')
  if (url !== undefined) {
    yield info(
      'pages of every origin may connect, not only those of APP_URL: RESOUND_APP_ALLOWED_ORIGINS limits it',
      { APP_URL: url },
    )
  }
}

function* contradictions(
  config: Config,
  family: Family,
  target: Target,
  text: (variable: string) => string | undefined,
): Generator<Notice> {
  const key = text(credentialName(family, 'key'))
  if (key !== undefined && !config.apps.some((app) => app.key === key)) {
    yield warning("the Laravel app's key is none of the apps configured here", {
      [credentialName(family, 'key')]: key,
    })
  }
  if (target.host === undefined) return
  if (target.scheme === 'https' && config.tls === undefined) {
    yield warning('the app expects https: a proxy in front of this server must terminate TLS', {
      [`${family}_SCHEME`]: target.scheme,
    })
  }
  if (target.scheme === 'http' && config.tls !== undefined) {
    yield warning('the app expects http, and this server speaks TLS', {
      [`${family}_SCHEME`]: target.scheme,
    })
  }
  const port = Number(target.port ?? (target.scheme === 'http' ? 80 : 443))
  if (target.scheme === 'http' && config.port !== 0 && config.port !== port) {
    yield warning('the app publishes to another port than this server listens on', {
      [`${family}_PORT`]: port,
      port: config.port,
    })
  }
}

function warning(message: string, fields: Notice['fields']): Notice {
  return { level: 'warn', message, fields }
}

function info(message: string, fields: Notice['fields']): Notice {
  return { level: 'info', message, fields }
}
