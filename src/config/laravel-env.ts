/**
 * A Laravel app's `.env` (`--laravel DIR`), as far as it concerns this server. Never writes it.
 *
 * Made so that an app set up by `php artisan reverb:install` works unchanged: the server listens where
 * that app publishes. Says what it assumed, and what in the app contradicts being served from here.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { allowsAnyHost } from '../apps/origin.ts'
import { parseEnvFile } from './env-file.ts'
import { pageNotices, pagesAndServer, pageVariables } from './laravel-browser.ts'
import { broadcastDriver, driverNotices } from './laravel-driver.ts'
import {
  credentialName,
  type Family,
  familyOf,
  type Given,
  type Lookup,
  lookupIn,
  settingFrom,
} from './laravel-names.ts'
import { isThisMachine, serverNotices, targetNotices, targetOf } from './laravel-target.ts'
import { information, type Notice, warning } from './notice.ts'
import { readText } from './read-text.ts'
import { deriveRedisPrefix, hasClusters } from './redis-prefix.ts'
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
  /** What in the app contradicts the configuration that came of it, and what pages need to know of it. */
  review(config: Config): readonly Notice[]
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

  const driver = broadcastDriver(directory, text)
  const preferred = driver.name === 'pusher' ? 'PUSHER' : 'REVERB'
  const family = familyOf(every, preferred)
  const target = targetOf(family, text)
  const pages = pageVariables(entries, family)
  const isRedis = driver.name === 'redis'
  const publishesToRedis = isRedis || every('REDIS_PREFIX') !== undefined
  const redis = isRedis ? redisPrefix(directory, name, every) : NOTHING_DERIVED
  const hasOwnPort = text('REVERB_SERVER_PORT') !== undefined
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
    assumed: [
      // Without a proxy in between, the port that Laravel calls is the one to listen on.
      ...(isThisMachine(target) ? settingFrom('port', every(`${family}_PORT`)) : []),
      ...redis.assumed,
      ...(isRedis ? authUrl(every('APP_URL')) : []),
    ],
    prefixUnknown: redis.unknown,
    notices: [
      ...driver.notices,
      ...driverNotices(driver, family, text),
      ...fileNotices(directory, file, invalidLines),
      ...targetNotices(target),
      ...pageNotices(pages, text),
      ...redis.notices,
      ...(publishesToRedis ? topologyNotices(directory, [...entries.keys()]) : []),
    ],
    review: (config) => [
      ...keyNotices(config, family, text),
      ...serverNotices(target, config, 'the app expects', hasOwnPort),
      ...pagesAndServer(pages, text, config, hasOwnPort),
      ...(isRedis ? bridgeNotices(config, text('APP_URL')) : []),
      ...originNotices(config, text('APP_URL')),
    ],
  }
}

/** What is concluded from more than one place of the app. */
interface Derived {
  readonly assumed: readonly Setting[]
  readonly notices: readonly Notice[]
  readonly unknown?: string
}

const NOTHING_DERIVED: Derived = { assumed: [], notices: [] }

function redisPrefix(directory: string, name: string, every: Lookup): Derived {
  const derived = deriveRedisPrefix(directory, every('APP_NAME')?.value)
  const given = every('REDIS_PREFIX')
  if ('unknown' in derived) {
    return given === undefined ? { ...NOTHING_DERIVED, unknown: derived.unknown } : NOTHING_DERIVED
  }
  const { prefix, rule, file } = derived
  if (given !== undefined) {
    if (derived.isOverridable || given.value === prefix) return NOTHING_DERIVED
    const notice = warning("the app's configuration does not read REDIS_PREFIX, and has another", {
      REDIS_PREFIX: given.value,
      prefix,
      file,
    })
    return { assumed: [], notices: [notice] }
  }
  const variable = 'database.redis.options.prefix'
  const origin: Origin = { kind: 'laravel', file: join(name, file), variable }
  return {
    assumed: settingFrom('apps[].laravel.redisPrefix', { value: prefix, origin }),
    notices: [
      information('the Redis prefix is derived, as the .env has no REDIS_PREFIX', {
        prefix,
        rule,
        file,
      }),
    ],
  }
}

const SENTINEL_NAMES = ['HOST', 'PORT', 'SERVICE', 'USERNAME', 'PASSWORD']
const SENTINEL_VARIABLES = SENTINEL_NAMES.map((name) => `REDIS_SENTINEL_${name}`)

/** Redis Clusters and Sentinels, which Laravel itself has no variables for. */
function* topologyNotices(directory: string, names: readonly string[]): Generator<Notice> {
  const sentinels = names.filter((name) => /^REDIS_.*SENTINEL/.test(name))
  const unread = sentinels.filter((name) => !SENTINEL_VARIABLES.includes(name))
  if (unread.length > 0 && !sentinels.includes('REDIS_SENTINEL_HOST')) {
    yield warning(
      'these variables are not read: RESOUND_REDIS_SENTINELS names the Sentinels, and the host of RESOUND_REDIS_URL the master',
      { variables: unread },
    )
  }
  if (hasClusters(directory)) {
    yield information(
      'the app can publish to a Redis Cluster: RESOUND_REDIS_CLUSTER names its nodes, of which any hears all',
      { file: 'config/database.php' },
    )
  }
}

/** The redis driver signs nothing: the app is asked who may subscribe, where its URL can be called. */
function authUrl(given: Given | undefined): readonly Setting[] {
  if (given === undefined || !URL.canParse(given.value)) return []
  const { protocol, username, search, hash } = new URL(given.value)
  const isUsable = /^https?:$/.test(protocol) && `${username}${search}${hash}` === ''
  return isUsable ? settingFrom('apps[].laravel.authUrl', given) : []
}

/** What pages need, in Echo's options, beside what they need for other drivers. */
function* bridgeNotices(
  { apps: [app], pathPrefix }: Config,
  appUrl: string | undefined,
): Generator<Notice> {
  if (app === undefined) return
  const url = app.laravel.authUrl
  if (url === undefined) {
    yield information(
      'private and presence channels are not authorised here, as the app has no APP_URL that can be called: RESOUND_APP_LARAVEL_AUTH_URL names one',
      { APP_URL: appUrl },
    )
    return
  }
  const base = `${pathPrefix}/apps/${app.id}`
  yield information(
    "private and presence channels are authorised here: say so in the page's Echo options",
    { authEndpoint: `${base}/auth`, 'userAuthentication.endpoint': `${base}/user-auth` },
  )
  if (url === appUrl && /^http:\/\/localhost\/?$/.test(url)) {
    yield warning(
      'the app is asked at port 80 who may subscribe: with php artisan serve, APP_URL is http://localhost:8000',
      { APP_URL: url },
    )
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

/** What to list where every page may connect, which the server itself warns about. */
function originNotices({ apps }: Config, url: string | undefined): readonly Notice[] {
  const origin = url !== undefined && URL.canParse(url) ? new URL(url).origin : 'null'
  const isOpen = apps.some(({ allowedOrigins }) => allowsAnyHost(allowedOrigins))
  if (origin === 'null' || !isOpen) return []
  return [
    information(
      'allowedOrigins (RESOUND_APP_ALLOWED_ORIGINS) can name the pages of the app alone',
      { allowedOrigins: origin },
    ),
  ]
}

function keyNotices(
  config: Config,
  family: Family,
  text: (variable: string) => string | undefined,
): readonly Notice[] {
  const name = credentialName(family, 'key')
  const key = text(name)
  if (key === undefined || config.apps.some((app) => app.key === key)) return []
  return [warning("the Laravel app's key is none of the apps configured here", { [name]: key })]
}
