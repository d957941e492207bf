/**
 * The admin API: for operators, on a port of loopback or behind a token, and on a socket of their own.
 */
import { hash, timingSafeEqual } from 'node:crypto'
import type { Health } from '../health/health.ts'
import { type HttpRequest, type HttpResponse, json, refusal } from '../http-api/exchange.ts'
import { UP } from '../http-api/health.ts'
import { parseQuery } from '../http-api/query.ts'
import type { Answering } from '../live/question.ts'
import type { Watch } from '../tail/watch.ts'
import { type Control, controlRoutes } from './control.ts'
import { healthRoutes } from './health.ts'
import { liveRoutes } from './live.ts'
import type { Answer, Route, Routes } from './route.ts'
import type { StartedWith } from './started-with.ts'
import { tailRoutes } from './tail.ts'
import { type FailedWebhooks, webhookRoutes } from './webhook-failures.ts'

export interface AdminParts {
  readonly metrics: { text(): Promise<string>; readonly contentType: string }
  readonly webhooks: FailedWebhooks
  readonly live: Answering
  /** Largest body that publishes an event. */
  readonly eventBodyBytes: number
  readonly token: string | undefined
  /** The console key: made at each start and shown to who started it, it proves an operator as the token does. */
  readonly key?: string
  /** Those of parts that only a whole server has. */
  readonly more?: Routes
  /** What makes the server one that can be asked as a whole; without it there is nothing to ask. */
  readonly control?: Control
  /** Finds out whether it serves. */
  readonly health?: Health
  /** Shows what happens. */
  readonly watch?: Watch
  /** Whether only its owner can get here. Elsewhere a token has to prove who ends or restarts the server. */
  readonly isPrivate?: boolean
  /** What tells this server from another: who looks for one that is not this is turned away. */
  readonly identity?: string
  /** The same, for who got here by a socket's path and names no identity. */
  readonly startedWith?: StartedWith
}

export interface AdminApi {
  readonly answer: (request: HttpRequest) => Answer
  /** The largest body that a path takes. */
  readonly bodyBytes: (path: string) => number
}

/** Names the server that a command looks for. */
export const IDENTITY_HEADER = 'resound-identity'

/** What of a request tells a web page from an operator. */
export const ADMIN_HEADERS = ['host', 'origin', IDENTITY_HEADER] as const

export function createAdminApi(parts: AdminParts): AdminApi {
  const { metrics, webhooks, live, eventBodyBytes } = parts
  const { control, health, watch, identity, startedWith, more = [] } = parts
  const routes: ReadonlyMap<string, Route> = new Map<string, Route>([
    ...basicRoutes(metrics),
    ...webhookRoutes(webhooks),
    ...liveRoutes(live, eventBodyBytes),
    ...(control === undefined ? [] : controlRoutes(control)),
    ...(health === undefined ? [] : healthRoutes(health)),
    ...(watch === undefined ? [] : tailRoutes(watch, live)),
    ...(startedWith === undefined ? [] : startedWithRoutes(startedWith)),
    ...more,
  ])
  const answer = (request: HttpRequest): Answer => {
    const route = routes.get(request.path)
    const refused = refuse(request, route, parts)
    if (refused !== undefined) return refused
    const sought = request.header(IDENTITY_HEADER)
    if (sought !== '' && identity !== undefined && sought !== identity) {
      return refusal(421, 'This is another server than the one that is asked for.')
    }
    if (route === undefined) {
      return refusal(404, `There is ${[...routes.keys()].join(', ')} here.`)
    }
    const { method } = route
    if (request.method !== method) return refusal(405, `Use ${method}.`, { Allow: method })
    const query = parseQuery(request.query)
    if (typeof query === 'string') return refusal(400, query)
    return route.answer(query, request, { isOperator: hasProved(request, parts) })
  }
  return { answer, bodyBytes: (path) => routes.get(path)?.bodyBytes ?? 0 }
}

/** Why a request may not be answered, if so. Whoever has no token learns of no path either. */
function refuse(
  request: HttpRequest,
  route: Route | undefined,
  parts: AdminParts,
): HttpResponse | undefined {
  const { token } = parts
  const access = route?.access ?? 'scraper'
  if (access === 'anyone' || hasProved(request, parts)) return undefined
  if (token !== undefined) {
    return refusal(401, 'Send the admin token as a bearer token.', { 'WWW-Authenticate': 'Bearer' })
  }
  // Then it is on loopback, where whoever asks by another name is a page that was led here.
  if (hasForeignName(request)) {
    return refusal(403, 'Without admin.token, ask by an address or as localhost.')
  }
  if (access === 'scraper' || request.method !== route?.method) return undefined
  if (isOfPage(request)) return refusal(403, 'The admin port is not for web pages.')
  if (access === 'viewer') return undefined
  return refusal(
    403,
    'This takes admin.token, or the key that resound console shows, on the admin port; the admin socket takes neither.',
  )
}

/** Whether whoever asks is an operator. */
function hasProved(
  { authorization }: HttpRequest,
  { token, key, isPrivate = false }: AdminParts,
): boolean {
  return isPrivate || [token, key].some((secret) => isBearer(authorization, secret))
}

const startedWithRoutes = (startedWith: StartedWith): Routes => [
  ['/started-with', { method: 'GET', access: 'operator', answer: () => json(startedWith) }],
]

function basicRoutes(metrics: AdminParts['metrics']): Routes {
  const showMetrics = async (): Promise<HttpResponse> => ({
    status: 200,
    body: await metrics.text(),
    contentType: metrics.contentType,
  })
  return [
    ['/up', { method: 'GET', access: 'scraper', answer: () => UP }],
    ['/metrics', { method: 'GET', access: 'scraper', answer: showMetrics }],
  ]
}

/** Whether a page of another site made the operator's browser ask: that says so in `Origin`. */
function isOfPage(request: HttpRequest): boolean {
  const origin = request.header('origin')
  return origin !== '' && origin !== `http://${request.header('host')}`
}

/** Whether the port is asked by a name that anybody can lead to loopback (DNS rebinding). */
function hasForeignName(request: HttpRequest): boolean {
  const name = request.header('host').replace(/:\d*$/, '').toLowerCase()
  return !/^(([\w-]+\.)*localhost|[\d.]+|\[[\da-f:.]+\])?$/.test(name) // RFC 6761, 6.3
}

/** Compared by hash, so that the time taken tells neither the token nor its length. */
function isBearer(authorization: string, token: string | undefined): boolean {
  if (token === undefined) return false
  const given = hash('sha256', authorization, 'buffer')
  return timingSafeEqual(given, hash('sha256', `Bearer ${token}`, 'buffer'))
}
