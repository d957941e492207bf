/**
 * What came back instead of a WebSocket where the server itself would have given one: the proxy's fault, and
 * which.
 */
import type { Finding } from '../check.ts'
import type { PlainAnswer } from './plain-answer.ts'
import { proxyFix, type Upstream } from './proxies.ts'
import type { WayIn } from './target.ts'
import type { Upgrade } from './upgrade.ts'

type Answered = Upgrade & { kind: 'http' }

interface Named {
  readonly summary: string
  readonly cause: string
  readonly causeId: string
  /** What else than the whole of its configuration for us. */
  readonly fix?: string
}

/** @param plain what an ordinary request for the same brings, where anything */
export function httpFinding(
  way: WayIn,
  answer: Answered,
  plain: PlainAnswer | undefined,
  upstream: Upstream,
): Finding {
  const { status, server, location, body } = answer
  const proxy = answer.proxy ?? plain?.proxy
  const { fix, ...named } = nameOf(way, { ...answer, proxy }, plain, upstream)
  return {
    outcome: 'critical',
    ...named,
    evidence: [
      `GET ${way.url}/app/${way.key} with Upgrade: websocket answers ${status}, where 101 is right.`,
      ...(server === '' ? [] : [`Server: ${server}`]),
      ...(location === undefined ? [] : [`Location: ${location}`]),
      ...(body.trim() === '' ? [] : [`It begins: ${firstOf(body)}`]),
      `The server itself upgrades at ${upstream.address}.`,
    ],
    fix: fix === undefined ? proxyFix(proxy, upstream) : { text: fix },
  }
}

/** What the server says to a request for a page, through whatever is in between. */
const OURS = /There is nothing at ([^\s"]*)\. The HTTP API/

function nameOf(
  way: WayIn,
  { status, body, location, proxy }: Answered,
  plain: PlainAnswer | undefined,
  upstream: Upstream,
): Named {
  const who = proxy === undefined || proxy === 'cloud' ? 'The proxy' : `The proxy (${proxy})`
  const arrived = (OURS.exec(body) ?? OURS.exec(plain?.body ?? ''))?.[1]
  if (arrived !== undefined) {
    if (arrived === `${upstream.pathPrefix}/app/${way.key}`) {
      return {
        summary: `${who} does not pass WebSockets on: the upgrade is lost on its way.`,
        cause:
          'The headers Upgrade and Connection end at each hop, so a proxy has to be told to send them on. An ordinary request reaches the server.',
        causeId: 'upgrade-stripped',
      }
    }
    return {
      summary: `${who} asks the server for another path than browsers ask for.`,
      cause: `What arrived is ${arrived}, and the server expects ${upstream.pathPrefix}/app/${way.key}.`,
      causeId: 'wrong-path',
    }
  }
  if (status === 502 || status === 503 || status === 504) {
    return {
      summary: `${who} does not reach the server: it answers ${status}.`,
      cause: `It sends requests somewhere else than to ${upstream.address}, where the server listens.`,
      causeId: 'dead-upstream',
    }
  }
  if (status >= 300 && status < 400) {
    return {
      summary: `${who} redirects, and browsers do not follow that with a WebSocket.`,
      cause: `It leads to ${location ?? 'somewhere else'}; often http is redirected to https.`,
      causeId: 'redirected',
      fix: 'Connect to the address it redirects to (https in REVERB_SCHEME, wss:// in --url), or leave /app/ out of the redirect.',
    }
  }
  if (status === 401 || status === 403) {
    return {
      summary: `${who} refuses the WebSocket with ${status}.`,
      cause: 'A password, an address list or a firewall is in front of it.',
      causeId: 'forbidden',
      fix: 'Leave the paths /app/ and /apps/ out of what asks for a password or filters.',
    }
  }
  if (status === 429) {
    return {
      summary: `${who} limits how often it may be asked, and answers 429.`,
      cause: 'Its limit counts connections of all users behind one address as one client.',
      causeId: 'rate-limited',
      fix: 'Leave the paths /app/ and /apps/ out of the limit, or raise it.',
    }
  }
  if (status === 505) {
    return {
      summary: `${who} does not pass WebSockets on: it speaks HTTP/1.0 to the server.`,
      cause: 'Upgrades are of HTTP/1.1, which nginx has to be told (proxy_http_version 1.1).',
      causeId: 'upgrade-stripped',
    }
  }
  if (status === 400 || status === 426) {
    return {
      summary: `${who} does not pass WebSockets on: it answers ${status}.`,
      cause: 'The headers Upgrade and Connection do not arrive where the answer is made.',
      causeId: 'upgrade-stripped',
    }
  }
  return {
    summary: `${who} does not lead to the server: somebody else answers ${status}.`,
    cause: 'The path /app/ is not sent to the server; the page or another program answers.',
    causeId: 'not-routed',
  }
}

const firstOf = (body: string): string => body.replace(/\s+/g, ' ').trim().slice(0, 120)
