/**
 * What to write into the configuration of each proxy. All but Traefik's is run by test/diagnose/proxies.test.ts
 * and test/diagnose/way-in.test.ts as it is printed.
 */
import type { Fix } from '../check.ts'
import type { ProxyName } from './proxy-name.ts'

export interface Upstream {
  /** `127.0.0.1:8080`. */
  readonly address: string
  readonly isTls: boolean
  readonly pathPrefix: string
  /** After which the server pings a silent client. */
  readonly activityTimeoutSeconds: number
}

/** Beyond the server's own pings. */
const REST_SECONDS = 60

/** What makes a proxy pass WebSockets on to the server; nginx's way where it is not known. */
export function proxyFix(proxy: ProxyName | undefined, upstream: Upstream): Fix {
  const seconds = upstream.activityTimeoutSeconds + REST_SECONDS
  switch (proxy) {
    case 'apache':
      return {
        text: `Have Apache upgrade (a2enmod proxy proxy_http proxy_wstunnel${upstream.isTls ? ' ssl' : ''}), then reload it.`,
        paste: apache(upstream, seconds),
        into: "the VirtualHost in Apache's configuration",
      }
    case 'caddy':
      return {
        text: 'Pass both paths on, without a read_timeout; Caddy upgrades by itself. Then reload it.',
        paste: caddy(upstream),
        into: 'the site in the Caddyfile',
      }
    case 'traefik':
      return {
        text: `Route both paths to the server; Traefik upgrades by itself.${upstream.isTls ? ' It has to trust the certificate (serversTransport).' : ''}`,
        paste: traefik(upstream),
        into: 'the labels of the container that Resound runs in',
      }
    case 'haproxy':
      return {
        text: 'Pass both paths on as they come, and keep tunnels open for longer than the server is silent; then reload HAProxy.',
        paste: haproxy(upstream, seconds),
        into: 'haproxy.cfg, at the end of the frontend that browsers reach',
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

/** To a server on its own machine, by an address that its certificate is seldom for: nginx does not look. */
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
  const tls = 'SSLProxyEngine On\nSSLProxyCheckPeerName Off\n'
  return `${isTls ? tls : ''}ProxyPreserveHost On
ProxyPass "${pathPrefix}/app/" "ws${s}://${address}${pathPrefix}/app/" timeout=${seconds}
ProxyPass "${pathPrefix}/apps/" "http${s}://${address}${pathPrefix}/apps/"`
}

function caddy({ address, isTls, pathPrefix }: Upstream): string {
  const tls = ' {\n    transport http {\n        tls_insecure_skip_verify\n    }\n}'
  return `@resound path ${pathPrefix}/app/* ${pathPrefix}/apps/*
reverse_proxy @resound ${isTls ? `https://${address}${tls}` : address}`
}

/**
 * By the documentation of Traefik 3 (routing, providers, Docker), with which 2 agrees: no test runs it. A
 * WebSocket needs nothing of its own there, and no timeout of Traefik's counts once it is upgraded.
 */
function traefik({ address, isTls, pathPrefix }: Upstream): string {
  const port = address.slice(address.lastIndexOf(':') + 1)
  const server = 'traefik.http.services.resound.loadbalancer.server'
  return `traefik.enable: "true"
traefik.http.routers.resound.rule: "PathPrefix(\`${pathPrefix}/app/\`) || PathPrefix(\`${pathPrefix}/apps/\`)"
${server}.port: "${port}"${isTls ? `\n${server}.scheme: "https"` : ''}`
}

/** The end of a frontend, and a backend after it: a section ends where the next begins. */
function haproxy({ address, isTls, pathPrefix }: Upstream, seconds: number): string {
  return `    acl resound path_beg ${pathPrefix}/app/ ${pathPrefix}/apps/
    use_backend resound if resound

backend resound
    mode http
    timeout tunnel ${seconds}s
    server resound ${address}${isTls ? ' ssl verify none' : ''}`
}
