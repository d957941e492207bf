/**
 * Proxies by name, and what to write into the configuration of each. The tests paste what is for nginx; the
 * others are written by their manuals.
 */
import type { Fix } from '../check.ts'

export interface Upstream {
  /** `127.0.0.1:8080`. */
  readonly address: string
  readonly isTls: boolean
  readonly pathPrefix: string
  /** After which the server pings a silent client. */
  readonly activityTimeoutSeconds: number
}

export type ProxyName = 'nginx' | 'apache' | 'caddy' | 'traefik' | 'haproxy' | 'cloud'

const NAMES: readonly (readonly [RegExp, ProxyName])[] = [
  [/nginx|openresty|tengine/i, 'nginx'],
  [/apache|httpd/i, 'apache'],
  [/caddy/i, 'caddy'],
  [/traefik/i, 'traefik'],
  [/haproxy/i, 'haproxy'],
  [/cloudflare|awselb|cloudfront|gws|envoy/i, 'cloud'],
]

/** @param server its Server header */
export const proxyNamed = (server: string): ProxyName | undefined =>
  NAMES.find(([pattern]) => pattern.test(server))?.[1]

/** Beyond the server's own pings. */
const REST_SECONDS = 60

/** What makes a proxy pass WebSockets on to the server; nginx's way where it is not known. */
export function proxyFix(proxy: ProxyName | undefined, upstream: Upstream): Fix {
  const seconds = upstream.activityTimeoutSeconds + REST_SECONDS
  switch (proxy) {
    case 'apache':
      return {
        text: 'Have Apache upgrade (a2enmod proxy proxy_http proxy_wstunnel), then reload it.',
        paste: apache(upstream, seconds),
        into: "the VirtualHost in Apache's configuration",
      }
    case 'caddy':
      return {
        text: 'Pass both paths on; Caddy upgrades by itself. Then reload it.',
        paste: caddy(upstream),
        into: 'the site in the Caddyfile',
      }
    case 'traefik':
      return {
        text: 'Route both paths to the server; Traefik upgrades by itself.',
        paste: traefik(upstream),
        into: 'the labels of the container',
      }
    case 'haproxy':
      return {
        text: 'Keep tunnels open for longer than the server is silent, then reload HAProxy.',
        paste: haproxy(upstream, seconds),
        into: 'haproxy.cfg',
      }
    case 'cloud':
      return {
        text: `Switch WebSockets on for this host, and allow idle connections of ${seconds} s; where that cannot be, set activityTimeoutSeconds below what the proxy allows.`,
      }
    default:
      return {
        text: "Put these into the server block of the proxy's site, in place of what is there for these paths, then reload it (shown for nginx).",
        paste: nginx(upstream, seconds),
        into: "nginx's site",
      }
  }
}

function nginx({ address, isTls, pathPrefix }: Upstream, seconds: number): string {
  const upstream = `${isTls ? 'https' : 'http'}://${address}`
  return `location ${pathPrefix}/app/ {
    proxy_pass ${upstream};
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "upgrade";
    proxy_read_timeout ${seconds}s;
}
location ${pathPrefix}/apps/ {
    proxy_pass ${upstream};
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
}`
}

function apache({ address, isTls, pathPrefix }: Upstream, seconds: number): string {
  const s = isTls ? 's' : ''
  return `ProxyPreserveHost On
ProxyPass "${pathPrefix}/app/" "ws${s}://${address}${pathPrefix}/app/" timeout=${seconds}
ProxyPass "${pathPrefix}/apps/" "http${s}://${address}${pathPrefix}/apps/"`
}

function caddy({ address, isTls, pathPrefix }: Upstream): string {
  return `@resound path ${pathPrefix}/app/* ${pathPrefix}/apps/*
reverse_proxy @resound ${isTls ? 'https://' : ''}${address}`
}

function traefik({ address, pathPrefix }: Upstream): string {
  const port = address.slice(address.lastIndexOf(':') + 1)
  return `traefik.http.routers.resound.rule: "PathPrefix(\`${pathPrefix}/app/\`) || PathPrefix(\`${pathPrefix}/apps/\`)"
traefik.http.services.resound.loadbalancer.server.port: "${port}"`
}

function haproxy({ address, pathPrefix }: Upstream, seconds: number): string {
  return `defaults
    timeout tunnel ${seconds}s

frontend web
    acl resound path_beg ${pathPrefix}/app/ ${pathPrefix}/apps/
    use_backend resound if resound

backend resound
    server resound ${address}`
}
