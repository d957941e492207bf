/**
 * Where the Laravel app sends its events over HTTP, and as whom, as the app itself resolves it.
 */
import { join } from 'node:path'
import type { Fix } from '../check.ts'
import { type BroadcastConnection, type LaravelFacts, usedConnection } from '../laravel/facts.ts'
import { type Fingerprint, fingerprintOf, isSame } from '../laravel/secret.ts'
import type { Api } from './api.ts'
import type { LocalServer } from './server.ts'

export interface AppApi {
  readonly connection: BroadcastConnection
  /** What its variables in the `.env` begin with. */
  readonly names: 'REVERB' | 'PUSHER'
  /** Undefined where no host is named, or pusher.com's. */
  readonly api: Api | undefined
  /** Whether its secret is one that is known here; if not, it is not the server's. */
  readonly isSecretKnown: boolean
}

/** The app's way over HTTP; undefined where its driver has none. */
export function appApi(facts: LaravelFacts, local: LocalServer): AppApi | undefined {
  const connection = usedConnection(facts)
  if (connection?.driver !== 'reverb' && connection?.driver !== 'pusher') return undefined
  const names = connection.driver === 'reverb' ? 'REVERB' : 'PUSHER'
  const secret = secretOf(connection.secret, [
    local.app.secret,
    local.app.previousSecret,
    facts.env.get(`${names}_APP_SECRET`)?.value,
  ])
  const { appId: id = '', key = '', host } = connection
  const isHere = host !== undefined && host !== '' && !/(^|\.)pusher(app)?\.com$/i.test(host)
  const app = { id, key, secret: secret ?? '' }
  return {
    connection,
    names,
    api: isHere ? { url: addressOf({ ...connection, host }), app, verify: true } : undefined,
    isSecretKnown: secret !== undefined,
  }
}

/** As the SDK puts it together. */
export function addressOf(way: {
  readonly host: string
  readonly port?: string | undefined
  readonly scheme?: string | undefined
  readonly path?: string | undefined
}): string {
  const { host, scheme = 'http', path = '' } = way
  const { port = scheme === 'https' ? '443' : '80' } = way
  return `${scheme}://${host}:${port}${path.replace(/\/+$/, '')}`
}

/** A fix in the app's `.env`, which a cached configuration would hide. */
export function envFix(facts: LaravelFacts, text: string, lines: readonly string[]): Fix {
  const then = facts.app.isConfigCached ? ' Then run php artisan config:cache again.' : ''
  const paste = lines.length === 0 ? {} : { paste: lines.join('\n') }
  return { text: text + then, ...paste, into: join(facts.directory, '.env') }
}

/** Of the secrets that are known here, the one with this fingerprint. */
export function secretOf(
  fingerprint: Fingerprint | undefined,
  known: readonly (string | undefined)[],
): string | undefined {
  if (fingerprint === undefined) return undefined
  return known.find((secret) => secret !== undefined && isSame(fingerprintOf(secret), fingerprint))
}
