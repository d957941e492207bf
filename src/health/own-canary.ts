/**
 * The canary that a server sends to itself: through its public port, as an app that it serves.
 */
import { randomBytes } from 'node:crypto'
import { Secret } from '../../channels/secret.ts'
import type { App } from '../apps/app.ts'
import type { AppSource } from '../apps/app-source.ts'
import { type CanaryResult, sendCanary } from './canary.ts'

export interface OwnCanaryParts {
  readonly apps: AppSource & { all(): Iterable<App> }
  /** How many connections an app has. */
  readonly connectionsOf: (app: App) => number
  readonly host: string
  readonly port: number
  readonly isTls: boolean
  readonly pathPrefix: string
}

/** Sends one. */
export function sendOwnCanary(
  { apps, connectionsOf, host, port, isTls, pathPrefix }: OwnCanaryParts,
  milliseconds: number,
): Promise<CanaryResult> {
  const app = chosen(apps.all(), connectionsOf) ?? nobody()
  const target = {
    url: `${isTls ? 'wss' : 'ws'}://${reachable(host)}:${port}${pathPrefix}`,
    app,
    // Its own certificate names the host that clients know, not this address.
    trust: { rejectUnauthorized: false },
    channel: 'hidden',
  } as const
  return sendCanary(target, milliseconds)
}

/** One with room beside the canary: its connection must not be the one that a client does not get. */
function chosen(all: Iterable<App>, connectionsOf: (app: App) => number): App | undefined {
  let full: App | undefined
  for (const app of all) {
    const { enabled, maxConnections } = app.settings
    if (!enabled) continue
    if (maxConnections === 0 || connectionsOf(app) + 2 <= maxConnections) return app
    full ??= app
  }
  return full
}

/** Without an app the way ends at the handshake, which says so: the port is there all the same. */
function nobody(): { id: string; key: string; secrets: readonly Secret[] } {
  const key = `no-app-${randomBytes(8).toString('hex')}`
  return { id: key, key, secrets: [new Secret(key)] }
}

/** An address to reach what listens on `host`. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
