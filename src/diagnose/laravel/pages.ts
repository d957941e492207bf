/**
 * Where the pages of a Laravel app connect: by what is built into them, else by what a build would put there.
 */
import { pageVariables } from '../../config/laravel-browser.ts'
import type { EchoOptions } from './assets.ts'
import { type LaravelFacts, usedConnection } from './facts.ts'

/** Where pages connect, and what says so. */
export interface Pages {
  /** The built file, or `.env` where there is no build or Vite's development server is on. */
  readonly from: string
  readonly isBuilt: boolean
  readonly key: string | undefined
  readonly host: string | undefined
  readonly port: string
  readonly isSecure: boolean
  readonly authEndpoint: string | undefined
}

/** What the `.env` would build: `VITE_REVERB_APP_KEY` and so on. */
export interface Intended {
  readonly names: string
  readonly key: string | undefined
  readonly host: string | undefined
  readonly port: string | undefined
  readonly scheme: string | undefined
}

/** Undefined where neither a build nor the `.env` says anything about Echo. */
export function pagesOf(facts: LaravelFacts): Pages | undefined {
  const { assets } = facts
  const isPageSecure = facts.app.url?.startsWith('https:') === true
  const echo = assets?.isHot === true ? undefined : echoOf(facts, assets?.echoes ?? [])
  if (echo !== undefined) {
    // As pusher-js decides: a page over https never opens ws://.
    const isSecure = isPageSecure || echo.forceTls !== false
    const port = (isSecure ? echo.securePort : echo.port) || (isSecure ? '443' : '80')
    const { file: from, key, host, authEndpoint } = echo
    return { from, isBuilt: true, key, host, port, isSecure, authEndpoint }
  }
  // A build without Echo is one that loads it from elsewhere.
  if (assets !== undefined && !assets.isHot) return undefined
  const intended = intendedOf(facts)
  if (intended?.key === undefined) return undefined
  const isSecure = isPageSecure || (intended.scheme ?? 'https') === 'https'
  const { key, host, port = isSecure ? '443' : '80' } = intended
  return { from: '.env', isBuilt: false, key, host, port, isSecure, authEndpoint: undefined }
}

/** Of several, which libraries bring along, the one of the app's own driver, and with a key. */
function echoOf(facts: LaravelFacts, echoes: readonly EchoOptions[]): EchoOptions | undefined {
  const driver = usedConnection(facts)?.driver
  const rank = ({ broadcaster, key }: EchoOptions): number =>
    (key === undefined || key === '' ? 0 : 2) + (broadcaster === driver ? 1 : 0)
  return echoes.toSorted((one, other) => rank(other) - rank(one))[0]
}

/** Undefined where the `.env` has nothing for pages. */
export function intendedOf({ env, app }: LaravelFacts): Intended | undefined {
  const family = app.default === 'pusher' ? 'PUSHER' : 'REVERB'
  for (const one of [family, family === 'PUSHER' ? 'REVERB' : 'PUSHER'] as const) {
    const { names, text } = pageVariables(env, one)
    if (names === undefined) continue
    const read = (part: string): string | undefined => text(`${names}_${part}`) || undefined
    return {
      names,
      key: read('APP_KEY'),
      host: read('HOST'),
      port: read('PORT'),
      scheme: read('SCHEME'),
    }
  }
  return undefined
}
