/**
 * What one option's bounds cannot say: options that need or exclude each other.
 */
import { allowsAnyHost } from '../apps/origin.ts'
import { isPrivateHost } from '../outward/address.ts'
import { redisContradictions } from './redis-contradictions.ts'
import type { Options } from './schema.ts'

/** A message follows the option's name, as in "admin.token is required ...". */
export interface Contradiction {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** Every contradiction in `config`, whose values are each good for themselves. */
export function contradictions(config: Options): readonly Contradiction[] {
  return [
    ...workersAlone(config),
    ...exposedAdmin(config),
    ...sharedCredentials(config),
    ...redisContradictions(config),
    ...postgresTls(config),
    ...privateWebhooks(config),
    ...authAtSubscribe(config),
  ]
}

/** Processes that do not hear each other would each have a part of every channel. */
function* workersAlone({ workers, redis }: Options): Generator<Contradiction> {
  if (workers === 1 || redis.url !== undefined || redis.cluster.length > 0) return
  yield {
    path: ['workers'],
    message: 'above 1 needs redis.url or redis.cluster, which carries events between the processes',
  }
}

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/

function* exposedAdmin({ admin }: Options): Generator<Contradiction> {
  if (LOOPBACK.test(admin.host) || admin.token !== undefined) return
  yield {
    path: ['admin', 'token'],
    message: 'is required when admin.host is not a loopback address',
  }
}

function* sharedCredentials({ apps }: Options): Generator<Contradiction> {
  for (const field of ['id', 'key'] as const) {
    const seen = new Set<string>()
    for (const [index, app] of apps.entries()) {
      if (seen.has(app[field])) {
        yield { path: ['apps', index, field], message: `is used by two apps: ${app[field]}` }
      }
      seen.add(app[field])
    }
  }
}

/** Files that would not be used leave a connection in clear that was meant to be private. */
function* postgresTls({ postgres: { url, tls } }: Options): Generator<Contradiction> {
  for (const [one, other] of [
    ['cert', 'key'],
    ['key', 'cert'],
  ] as const) {
    if (tls[one] === undefined || tls[other] !== undefined) continue
    yield { path: ['postgres', 'tls', other], message: `is required beside postgres.tls.${one}` }
  }
  const [given] = (['ca', 'cert', 'key'] as const).filter((file) => tls[file] !== undefined)
  if (given === undefined) return
  const mode = url === undefined ? null : new URL(url).searchParams.get('sslmode')
  if (mode === null || mode === 'disable') {
    const message = 'is not used unless postgres.url asks for TLS: end it with ?sslmode=verify-full'
    yield { path: ['postgres', 'tls', given], message }
  }
}

function* privateWebhooks({ apps }: Options): Generator<Contradiction> {
  for (const [index, { webhooks }] of apps.entries()) {
    for (const [nth, { url, allowPrivateAddress }] of webhooks.entries()) {
      const { hostname } = new URL(url)
      if (allowPrivateAddress || !isPrivateHost(hostname)) continue
      const message = `leads to ${hostname}, a private address: set allowPrivateAddress beside it if that is meant`
      yield { path: ['apps', index, 'webhooks', nth, 'url'], message }
    }
  }
}

function* authAtSubscribe({ apps }: Options): Generator<Contradiction> {
  for (const [index, { laravel, allowedOrigins }] of apps.entries()) {
    if (!laravel.authAtSubscribe) continue
    if (laravel.authUrl === undefined) {
      const message = 'is required beside authAtSubscribe: it says where to ask'
      yield { path: ['apps', index, 'laravel', 'authUrl'], message }
    }
    if (allowsAnyHost(allowedOrigins)) {
      const message =
        "must list the app's own origins beside laravel.authAtSubscribe: any page can open a WebSocket with its visitor's cookies"
      yield { path: ['apps', index, 'allowedOrigins'], message }
    }
  }
}
