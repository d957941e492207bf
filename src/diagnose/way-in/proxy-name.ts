/**
 * Which proxy an answer came through: by its Server header, or by its manners where it names itself nowhere.
 */

export type ProxyName = 'nginx' | 'apache' | 'caddy' | 'traefik' | 'haproxy' | 'cloud'

/** An answer by HTTP, as far as it tells of who is on the way. */
export interface Answer {
  /** Names and values by turns, as they came. */
  readonly rawHeaders: readonly string[]
  /** The first of it; an answer that upgrades has none. */
  readonly body?: string
}

const SERVERS: readonly (readonly [RegExp, ProxyName])[] = [
  [/nginx|openresty|tengine/i, 'nginx'],
  [/apache|httpd/i, 'apache'],
  [/caddy/i, 'caddy'],
  [/traefik/i, 'traefik'],
  [/haproxy/i, 'haproxy'],
  [/cloudflare|awselb|cloudfront|gws|envoy/i, 'cloud'],
]

/**
 * What becomes of the header `uWebSockets`, which the server puts into every answer: HAProxy writes all
 * names in small letters, and programs in Go as `Uwebsockets`. Of these Caddy names itself, Traefik does not.
 */
const SPELLINGS: Readonly<Record<string, ProxyName>> = {
  uwebsockets: 'haproxy',
  Uwebsockets: 'traefik',
}

/** Pages of their own. */
const PAGES: readonly (readonly [RegExp, ProxyName])[] = [
  [/No server is available to handle this request/, 'haproxy'],
  [/^404 page not found\s*$/, 'traefik'],
]

/** @returns undefined where nothing tells */
export function proxyOf({ rawHeaders, body = '' }: Answer): ProxyName | undefined {
  const names = rawHeaders.filter((_, index) => index % 2 === 0)
  const server = names.findIndex((name) => name.toLowerCase() === 'server')
  if (server !== -1) return first(SERVERS, rawHeaders[2 * server + 1] ?? '')
  const own = names.find((name) => name.toLowerCase() === 'uwebsockets')
  return own === undefined ? first(PAGES, body) : SPELLINGS[own]
}

const first = (
  known: readonly (readonly [RegExp, ProxyName])[],
  text: string,
): ProxyName | undefined => known.find(([pattern]) => pattern.test(text))?.[1]
