/**
 * `config.address`: whether host, port and scheme, by which the app publishes, can lead to this server.
 *
 * What only a request can show is left to the area delivery.
 */
import {
  isThisMachine,
  serverNotices,
  type Target,
  targetNotices,
} from '../../config/laravel-target.ts'
import type { Notice } from '../../config/notice.ts'
import { type Finding, ok, skip } from '../check.ts'
import { type BroadcastConnection, usedConnection } from '../laravel/facts.ts'
import { type OwnAddress, ownAddress } from '../own-address.ts'
import { NotConnected, PusherSocket } from '../pusher-socket.ts'
import { namesOf } from './credentials.ts'
import { laravelCheck, type Sides } from './laravel-check.ts'

export const addressLeadsHere = laravelCheck(
  {
    id: 'config.address',
    question: 'Do host, port and scheme of the app lead here',
    needs: ['config.driver'],
  },
  async (sides) => {
    const { facts, config, scene, signal } = sides
    const used = usedConnection(facts)
    if (used === undefined || used.driver === 'redis') return skip('The app publishes to Redis.')
    const own = await ownAddress(scene)
    const names = namesOf(facts.app.default)
    const { host, port, scheme = 'https' } = used
    if (host === undefined) return noHost(sides, used, names, own)
    const target: Target = { names, host, port, scheme }
    const contradiction = firstFault(targetNotices(target))
    if (contradiction !== undefined) return contradicted(sides, target, contradiction, own)
    const asIs = { ...config, ...(own === undefined ? {} : { port: own.port }) }
    const other = firstFault(serverNotices(target, asIs, 'the app expects', false))
    const isLocal = isThisMachine(target)
    // Elsewhere, a proxy may well listen on another port; here it can be asked.
    const leads = isLocal && (await connects(target, config.pathPrefix, used.key ?? '', signal))
    if (other !== undefined && !leads && (isLocal || other.causeId !== 'wrong-port')) {
      return contradicted(sides, target, other, own)
    }
    return ok(`The app publishes to ${scheme}://${host}:${port ?? ''}.`)
  },
)

const firstFault = (notices: Iterable<Notice>): Notice | undefined =>
  [...notices].find(({ causeId }) => causeId !== undefined)

/** Whether a server of this protocol is behind an address of this machine. */
export async function connects(
  { scheme, host, port }: Pick<Target, 'scheme' | 'host' | 'port'>,
  pathPrefix: string,
  key: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const url = `${scheme}://${host}:${port ?? (scheme === 'http' ? 80 : 443)}${pathPrefix}`
    using _ = await PusherSocket.open({ url, key }, signal)
    return true
  } catch (fault) {
    if (fault instanceof NotConnected || fault instanceof TypeError) return false
    throw fault
  }
}

function noHost(
  { facts, scene }: Sides,
  { driver, cluster }: BroadcastConnection,
  names: string,
  own: OwnAddress | undefined,
): Finding {
  const { host, port, scheme } = wanted(scene.options.url, own)
  return {
    outcome: 'critical',
    summary:
      driver === 'pusher'
        ? 'The app publishes to pusher.com and not to this server.'
        : 'The app has nowhere to publish to.',
    evidence: [
      `${names}_HOST is not set${cluster === undefined ? '' : `, ${names}_APP_CLUSTER=${cluster}`}`,
    ],
    cause:
      driver === 'pusher'
        ? 'Without a host, the SDK calls the host of its cluster.'
        : 'Without a host, the SDK has no address to call.',
    causeId: driver === 'pusher' ? 'publishes-to-pusher' : 'host-missing',
    fix: {
      text: "Name this server in the app's .env.",
      paste: `${names}_HOST=${host}\n${names}_PORT=${port}\n${names}_SCHEME=${scheme}`,
      into: `${facts.directory}/.env`,
    },
  }
}

/** Where the app is to publish: the public address where one is given, else this machine. */
function wanted(url: string | undefined, own: OwnAddress | undefined) {
  if (url !== undefined && URL.canParse(url)) {
    const { hostname, port, protocol } = new URL(url)
    const isSecure = /^(https|wss):$/.test(protocol)
    return {
      host: hostname,
      port: port === '' ? (isSecure ? '443' : '80') : port,
      scheme: isSecure ? 'https' : 'http',
    }
  }
  return {
    host: 'localhost',
    port: String(own?.port ?? 8080),
    scheme: own?.isTls === true ? 'https' : 'http',
  }
}

function contradicted(
  { facts, scene, config }: Sides,
  target: Target,
  { message, fields, causeId = 'contradiction' }: Notice,
  own: OwnAddress | undefined,
): Finding {
  const { names } = target
  const { host, port, scheme } = wanted(scene.options.url, own)
  const lines: Readonly<Record<string, string>> = {
    'host-not-bare': `${names}_HOST=${String(fields['instead'])}`,
    'pusher-com': `${names}_HOST=${host}\n${names}_PORT=${port}\n${names}_SCHEME=${scheme}`,
    'unknown-scheme': `${names}_SCHEME=${scheme}`,
    'scheme-and-port':
      isThisMachine({ ...target, scheme: 'http' }) || config.tls !== undefined
        ? `${names}_PORT=${port}\n${names}_SCHEME=${scheme}`
        : `${names}_PORT=${target.scheme === 'https' ? 443 : 80}`,
    'https-to-http': `${names}_SCHEME=http`,
    'http-to-https': `${names}_SCHEME=https`,
    'wrong-port': `${names}_PORT=${own?.port ?? port}`,
  }
  const paste = lines[causeId]
  return {
    outcome: 'critical',
    summary: `The app cannot reach this server: ${message}.`,
    evidence: [
      ...Object.entries(fields).map(([name, value]) => `${name}: ${String(value)}`),
      ...(own === undefined ? [] : [`this server: ${own.url}`]),
    ],
    causeId,
    fix: {
      text: "Correct it in the app's .env.",
      ...(paste === undefined ? {} : { paste }),
      into: `${facts.directory}/.env`,
    },
  }
}
