/**
 * What the server itself has against a client, by the code that it tells, as a finding.
 */
import { CLOSE } from '../../protocol/codes.ts'
import type { Finding } from '../check.ts'
import type { Scene } from '../scene.ts'
import { written } from '../written.ts'
import { proxyFix, type Upstream } from './proxies.ts'
import type { WayIn } from './target.ts'
import type { Upgrade } from './upgrade.ts'

type Told = Upgrade & { kind: 'told' }

export function toldFinding(scene: Scene, way: WayIn, { code, message }: Told): Finding {
  const common = {
    outcome: 'critical' as const,
    evidence: [`${way.url}/app/${way.key} (of ${way.from}) answers ${code}: ${message}`],
  }
  const apps = scene.reading.valid ? scene.reading.config.apps : []
  const app = apps.find(({ key }) => key === way.key)
  switch (code) {
    case CLOSE.APP_NOT_FOUND: {
      const [only, ...others] = apps
      const keys = apps.slice(0, 3).map(({ key }) => `The server has the key ${written(key)}.`)
      return {
        ...common,
        summary: `The server has no app with the key ${written(way.key)}.`,
        evidence: [...common.evidence, ...keys],
        cause: 'Pages were built with the key of another app or server, or from an older .env.',
        causeId: 'wrong-key',
        fix: {
          text: "Put the server's key into the app's .env, and build the pages again (npm run build).",
          ...(only === undefined || others.length > 0
            ? {}
            : { paste: `REVERB_APP_KEY=${only.key}`, into: '.env of the Laravel app' }),
        },
      }
    }
    case CLOSE.APP_DISABLED:
      return {
        ...common,
        summary: 'The app is disabled, and nobody may connect.',
        cause: 'enabled of the app is false.',
        causeId: 'app-disabled',
        fix: {
          text: 'Enable it, then resound reload.',
          paste: '"enabled": true',
          into: `the app ${app?.id ?? ''} in the configuration`.replace('  ', ' '),
        },
      }
    case CLOSE.OVER_CONNECTION_QUOTA:
      return {
        ...common,
        summary: 'The app has as many connections as it may have.',
        cause: `maxConnections of the app is ${app?.maxConnections ?? 'reached'}; 0 is any number.`,
        causeId: 'app-full',
        fix: {
          text: 'Raise it, then resound reload.',
          paste: `"maxConnections": ${2 * (app?.maxConnections ?? 500)}`,
          into: `the app ${app?.id ?? ''} in the configuration`.replace('  ', ' '),
        },
      }
    case CLOSE.PATH_NOT_FOUND:
      return {
        ...common,
        summary: 'The server is reached, on a path that is not its own.',
        cause:
          'A proxy takes a part of the path away or puts one in front, or wsPath of the page and pathPrefix of the server differ.',
        causeId: 'wrong-path',
        fix: {
          text: 'Have the proxy pass the path on as it is (nginx: proxy_pass without a path or slash at its end), or set pathPrefix to what arrives.',
        },
      }
    case CLOSE.UNAUTHORIZED:
      return originRefused(way, app?.allowedOrigins ?? [], common.evidence)
    case CLOSE.OVER_CAPACITY:
      return {
        ...common,
        summary: 'The server has no room for another client.',
        cause: message,
        causeId: 'server-full',
        fix: { text: 'See host.open-files and host.memory; or add servers.' },
      }
    default:
      return {
        ...common,
        summary: `The server turns clients away with ${code}.`,
        cause: message,
        causeId: 'turned-away',
        fix: { text: 'docs/errors.md says what each code means.' },
      }
  }
}

/** Of a key that the server itself knows: who answers by the public address is somebody else. */
export function otherServerFinding(
  way: WayIn,
  { code, message, proxy }: Told,
  upstream: Upstream,
): Finding {
  return {
    outcome: 'critical',
    summary: `What is in front of ${way.host}:${way.port} leads to another server than this one.`,
    evidence: [
      `${way.url}/app/${way.key} (of ${way.from}) answers ${code}: ${message}`,
      `The server itself, at ${upstream.address}, has an app with the key ${way.key}.`,
      ...(proxy === undefined ? [] : [`Proxy: ${proxy}`]),
    ],
    cause:
      'A Pusher-protocol server answers there which has other apps: Reverb, soketi, or another Resound.',
    causeId: 'other-server',
    fix: proxyFix(proxy, upstream),
  }
}

function originRefused(
  way: WayIn,
  allowed: readonly string[],
  evidence: readonly string[],
): Finding {
  const page = way.origin ?? 'the page'
  const list = [...allowed, ...(way.origin === undefined ? [] : [way.origin])]
  return {
    outcome: 'critical',
    summary: `Pages of ${page} may not connect.`,
    evidence: [...evidence, `allowedOrigins: ${allowed.join(', ') || 'none'}`],
    cause: 'allowedOrigins of the app lists other origins.',
    causeId: 'origin-refused',
    fix: {
      text: 'Add the origin, then resound reload.',
      paste: `"allowedOrigins": ${JSON.stringify(list)}`,
      into: 'the app in the configuration',
    },
  }
}
