/**
 * The bridge as an authorisation endpoint: a page asks here instead of Laravel, and is answered as
 * Laravel's `pusher` driver would have answered it.
 */
import type { App } from '../apps/app.ts'
import { type HttpRequest, type HttpResponse, refusal } from '../http-api/exchange.ts'
import { isSocketId } from '../hub/socket-id.ts'
import type { Bridge, Inquiry, Refused } from './bridge.ts'
import { corsHeaders, preflight } from './cors.ts'
import { readForm } from './form.ts'
import { FORWARDED, headersFor, isOwnVia } from './headers.ts'
import { FAILURES } from './outcome.ts'
import { type Mistake, subjectOf } from './subject.ts'

/** What a page asks about: one path for each. */
export type Question = 'channel' | 'user'

/** Headers of a request that have to be kept for this. */
export const PROXY_HEADERS: readonly string[] = [...FORWARDED, 'content-type', 'via']

/** Answers a page's request for a signature, or its browser's preflight. */
export function answerPage(
  request: HttpRequest,
  app: App,
  question: Question,
  bridge: Bridge,
): HttpResponse | Promise<HttpResponse> {
  const origin = request.header('origin')
  if (!app.allowsOrigin(origin)) {
    return respond(bridge.refuse(app, { outcome: 'origin' }), corsHeaders('', app))
  }
  const cors = corsHeaders(origin, app)
  if (request.method === 'OPTIONS') return preflight(cors)
  const inquiry = read(request, app, question, bridge)
  if ('outcome' in inquiry) return respond(bridge.refuse(app, inquiry), cors)
  return bridge
    .ask(inquiry)
    .then((verdict) =>
      verdict.allowed
        ? { status: 200, body: verdict.answer, headers: cors }
        : respond(verdict, cors),
    )
}

/** Reads a request, as far as it makes sense to ask Laravel about it. */
function read(
  request: HttpRequest,
  app: App,
  question: Question,
  bridge: Bridge,
): Inquiry | Mistake {
  if (request.method !== 'POST') return { outcome: 'method' }
  if (app.settings.laravel.authUrl === undefined) return { outcome: 'off' }
  if (isOwnVia(request.header('via'))) return { outcome: 'loop' }
  const form = readForm(request.body, request.header('content-type'))
  if (typeof form === 'string') return { outcome: 'invalid', error: form }
  const subject = question === 'user' ? 'user' : subjectOf(form.channel, app)
  if (typeof subject !== 'string') return subject
  if (!isSocketId(form.socketId)) {
    return { outcome: 'invalid', error: 'socket_id has to be two numbers with a dot between.' }
  }
  if (!bridge.isConnected(app, form.socketId)) return { outcome: 'socket' }
  const leaving = new AbortController()
  request.onGone(() => leaving.abort())
  const headers = headersFor((name) => request.header(name))
  return { app, subject, form, headers, signal: leaving.signal }
}

function respond(
  { outcome, error, retryAfter = '1' }: Refused,
  cors: Readonly<Record<string, string>>,
): HttpResponse {
  const { status, error: usual } = FAILURES[outcome]
  const headers =
    status === 429 || status === 503
      ? { ...cors, 'Retry-After': retryAfter }
      : status === 405
        ? { ...cors, Allow: 'POST, OPTIONS' }
        : cors
  return refusal(status, error ?? usual, headers)
}
