/**
 * The admin API: for operators, on a port of loopback or behind a token, and on a socket of their own.
 */
import { hash, timingSafeEqual } from 'node:crypto'
import { type HttpRequest, type HttpResponse, refusal } from '../http-api/exchange.ts'
import { getReady, UP } from '../http-api/health.ts'
import { parseQuery, type Query } from '../http-api/query.ts'
import { type Control, getStatus, postDrain, postReload, postRestart } from './control.ts'
import { type FailedWebhooks, listFailures, replayFailures } from './webhook-failures.ts'

export interface AdminParts {
  readonly metrics: { text(): Promise<string>; readonly contentType: string }
  readonly webhooks: FailedWebhooks
  readonly token: string | undefined
  /** What makes the server one that can be asked as a whole; without it there is nothing to ask. */
  readonly control?: Control
  /** Whether only its owner can get here. Elsewhere a token has to prove who ends or restarts the server. */
  readonly isPrivate?: boolean
  /** What tells this server from another: who looks for one that is not this is turned away. */
  readonly identity?: string
}

type Answer = HttpResponse | Promise<HttpResponse>

interface Route {
  readonly method: 'GET' | 'POST'
  /** Whether it shows what clients sent, or changes anything. */
  readonly isGuarded: boolean
  /** Whether it is about the server as a whole: any user of the host could ask it on loopback. */
  readonly isControl?: boolean
  readonly answer: (query: Query) => Answer
}

/** Names the server that a command looks for. */
export const IDENTITY_HEADER = 'resound-identity'

/** What of a request tells a web page from an operator. */
export const ADMIN_HEADERS = ['host', 'origin', IDENTITY_HEADER] as const

export function createAdminApi({
  metrics,
  webhooks,
  token,
  control,
  isPrivate = false,
  identity,
}: AdminParts): (request: HttpRequest) => Answer {
  const showMetrics = async (): Promise<HttpResponse> => ({
    status: 200,
    body: await metrics.text(),
    contentType: metrics.contentType,
  })
  const routes: ReadonlyMap<string, Route> = new Map<string, Route>([
    ['/up', { method: 'GET', isGuarded: false, answer: () => UP }],
    ['/metrics', { method: 'GET', isGuarded: false, answer: showMetrics }],
    [
      '/webhooks/failures',
      { method: 'GET', isGuarded: true, answer: (query) => listFailures(webhooks, query) },
    ],
    [
      '/webhooks/failures/replay',
      { method: 'POST', isGuarded: true, answer: (query) => replayFailures(webhooks, query) },
    ],
    ...(control === undefined ? [] : controlRoutes(control)),
  ])
  return (request) => {
    if (token !== undefined && !isBearer(request.authorization, token)) {
      return refusal(401, 'Send the admin token as a bearer token.', {
        'WWW-Authenticate': 'Bearer',
      })
    }
    const sought = request.header(IDENTITY_HEADER)
    if (sought !== '' && identity !== undefined && sought !== identity) {
      return refusal(421, 'This is another server than the one that is asked for.')
    }
    const route = routes.get(request.path)
    if (route === undefined) {
      return refusal(404, `There is ${[...routes.keys()].join(', ')} here.`)
    }
    const { method, isGuarded, isControl = false, answer } = route
    if (request.method !== method) return refusal(405, `Use ${method}.`, { Allow: method })
    if (isGuarded && token === undefined && isOfPage(request)) {
      return refusal(403, 'The admin port is not for web pages.')
    }
    if (isControl && token === undefined && !isPrivate) {
      return refusal(403, 'This takes admin.token on the admin port; the admin socket takes none.')
    }
    const query = parseQuery(request.query)
    return typeof query === 'string' ? refusal(400, query) : answer(query)
  }
}

function controlRoutes(control: Control): [string, Route][] {
  const change = (answer: Route['answer']): Route => ({
    method: 'POST',
    isGuarded: true,
    isControl: true,
    answer,
  })
  return [
    ['/ready', { method: 'GET', isGuarded: false, answer: () => getReady(control.readiness) }],
    ['/status', { method: 'GET', isGuarded: false, answer: () => getStatus(control) }],
    ['/reload', change(() => postReload(control))],
    ['/restart', change(() => postRestart(control))],
    ['/drain', change((query) => postDrain(control, query))],
  ]
}

/**
 * Whether a web page made the operator's browser ask: one of another site says so in `Origin`, and
 * one whose own name leads here (DNS rebinding) gives that name. Neither could know a token.
 */
function isOfPage(request: HttpRequest): boolean {
  if (request.header('origin') !== '') return true
  const name = request.header('host').replace(/:\d*$/, '').toLowerCase()
  return !/^(localhost|[\d.]+|\[[\da-f:.]+\])?$/.test(name)
}

/** Compared by hash, so that the time taken tells neither the token nor its length. */
function isBearer(authorization: string, token: string): boolean {
  const given = hash('sha256', authorization, 'buffer')
  return timingSafeEqual(given, hash('sha256', `Bearer ${token}`, 'buffer'))
}
