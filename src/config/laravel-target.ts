/**
 * Where a Laravel app sends events, or its pages connect: host, port and scheme of its `.env`.
 */
import { type Notice, warning } from './notice.ts'
import type { Config } from './schema.ts'

export interface Target {
  /** What its variables begin with: `REVERB`, `VITE_PUSHER`. */
  readonly names: string
  readonly host: string | undefined
  /** As it is written. */
  readonly port: string | undefined
  readonly scheme: string
}

/** The target of the variables that begin with `names`; https where nothing is said, as in Laravel. */
export function targetOf(names: string, text: (variable: string) => string | undefined): Target {
  return {
    names,
    host: text(`${names}_HOST`),
    port: text(`${names}_PORT`),
    scheme: text(`${names}_SCHEME`) ?? 'https',
  }
}

/** Whether it is this machine, without a proxy in between. */
export function isThisMachine({ host, scheme }: Target): boolean {
  return (
    scheme === 'http' &&
    host !== undefined &&
    /^(localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[?::1\]?|.+\.localhost|.+\.test)$/i.test(host)
  )
}

/** The target as one would write it. */
export function addressOf(target: Target): string {
  return `${target.scheme}://${target.host}:${portOf(target)}`
}

/** What in it contradicts itself, whatever server it leads to. */
export function* targetNotices({ names, host, port, scheme }: Target): Generator<Notice> {
  if (host === undefined) return
  const bare = host.replace(/^\w+:\/\//, '').replace(/[/?#].*$/, '')
  const hasPort = /^(\[.*\]|[^:]+):\d+$/.test(bare)
  if (bare !== host || hasPort) {
    const instead = bare.replace(/:\d+$/, (found) => (hasPort ? '' : found))
    yield warning(
      'a host has no scheme, no port and no path',
      { [`${names}_HOST`]: host, instead },
      'host-not-bare',
    )
  }
  if (/(^|\.)pusher\.com$/i.test(bare)) {
    yield warning(
      "this host is pusher.com's, not this server",
      { [`${names}_HOST`]: host },
      'pusher-com',
    )
  }
  if (scheme !== 'http' && scheme !== 'https') {
    yield warning('a scheme is http or https', { [`${names}_SCHEME`]: scheme }, 'unknown-scheme')
  } else if ((scheme === 'https' && port === '80') || (scheme === 'http' && port === '443')) {
    yield warning(
      'scheme and port contradict each other',
      { [`${names}_SCHEME`]: scheme, [`${names}_PORT`]: port },
      'scheme-and-port',
    )
  }
}

/** What in it contradicts the server. @param hasOwnPort whether the app says where the server listens */
export function* serverNotices(
  target: Target,
  config: Config,
  who: 'the app expects' | 'pages expect',
  hasOwnPort: boolean,
): Generator<Notice> {
  const { names, host, scheme } = target
  if (host === undefined) return
  const port = portOf(target)
  if (scheme === 'https' && config.tls === undefined) {
    const fields = { [`${names}_SCHEME`]: scheme }
    yield port === config.port
      ? warning(
          `${who} https on the port where this server speaks http`,
          { ...fields, [`${names}_PORT`]: port },
          'https-to-http',
        )
      : warning(`${who} https: a proxy in front of this server must terminate TLS`, fields)
  }
  if (scheme === 'http' && config.tls !== undefined) {
    yield warning(
      `${who} http, and this server speaks TLS`,
      { [`${names}_SCHEME`]: scheme },
      'http-to-https',
    )
  }
  if (scheme === 'http' && !hasOwnPort && config.port !== 0 && config.port !== port) {
    yield warning(
      `${who} another port than this server listens on`,
      { [`${names}_PORT`]: port, port: config.port },
      'wrong-port',
    )
  }
}

function portOf({ port, scheme }: Target): number {
  return Number(port ?? (scheme === 'http' ? 80 : 443))
}
