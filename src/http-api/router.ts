/**
 * The HTTP API: finds what a request is for, checks that it may, and hands it on.
 */
import { isUtf8 } from 'node:buffer'
import type { App } from '../apps/app.ts'
import type { AppSource } from '../apps/app-source.ts'
import type { Bridge } from '../bridge/bridge.ts'
import { answerPage, type Question } from '../bridge/proxy.ts'
import type { Broker } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import { ResoundError } from '../errors.ts'
import type { Hub } from '../hub/hub.ts'
import { isObject } from '../protocol/json.ts'
import { authenticate } from './auth.ts'
import { getChannel, getChannels, getChannelUsers } from './channels.ts'
import { postBatch, postEvents } from './events.ts'
import { type HttpRequest, type HttpResponse, isRefusal, refusal } from './exchange.ts'
import { getReady, type Readiness, UP } from './health.ts'
import { Idempotency } from './idempotency.ts'
import { decodePath, type Query } from './query.ts'
import { getConnections, terminateConnections } from './users.ts'

export interface ApiParts {
  readonly apps: AppSource
  readonly hub: Hub
  readonly broker: Broker
  readonly bridge: Bridge
  readonly clock: Clock
  readonly pathPrefix: string
  readonly timestampToleranceSeconds: number
  readonly readiness: () => Readiness
  readonly answered: (route: string, status: number, seconds: number) => void
}

/** A signed request for a resource of an app. */
interface Call {
  readonly app: App
  readonly hub: Hub
  readonly broker: Broker
  readonly idempotency: Idempotency
  readonly query: Query
  readonly body: Buffer
  readonly receivedAt: number
  /** The variable parts of the path, decoded. */
  readonly name: string
}

type Answer = HttpResponse | Promise<HttpResponse>

interface Route {
  readonly method: 'GET' | 'POST'
  /** As the metrics name it. */
  readonly route: string
  readonly answer: (call: Call) => Answer
}

interface PageRoute {
  /** As the metrics name it. */
  readonly route: string
  readonly question: Question
}

const FIXED: ReadonlyMap<string, Route> = new Map<string, Route>([
  [
    'events',
    {
      method: 'POST',
      route: 'events',
      answer: (call) => publish(call, postEvents),
    },
  ],
  [
    'batch_events',
    {
      method: 'POST',
      route: 'batch_events',
      answer: (call) => publish(call, postBatch),
    },
  ],
  [
    'channels',
    {
      method: 'GET',
      route: 'channels',
      answer: ({ query, app, broker }) => getChannels(query, app, broker),
    },
  ],
  [
    'connections',
    {
      method: 'GET',
      route: 'connections',
      answer: ({ app, broker }) => getConnections(app, broker),
    },
  ],
])

const CHANNEL: Route = {
  method: 'GET',
  route: 'channel',
  answer: ({ name, query, app, broker }) => getChannel(name, query, app, broker),
}
const CHANNEL_USERS: Route = {
  method: 'GET',
  route: 'channel_users',
  answer: ({ name, app, broker }) => getChannelUsers(name, app, broker),
}
const TERMINATE: Route = {
  method: 'POST',
  route: 'terminate_connections',
  answer: ({ name, app, hub }) => terminateConnections(name, app, hub),
}

/** What pages ask for, unsigned: it is Laravel that knows them. */
const PAGES: ReadonlyMap<string, PageRoute> = new Map([
  ['auth', { route: 'auth', question: 'channel' }],
  ['user-auth', { route: 'user_auth', question: 'user' }],
])

/** Finds the route of what follows `/apps/{id}/`. */
function match(rest: string): { route: Route; name: string } | undefined {
  const fixed = FIXED.get(rest)
  if (fixed !== undefined) return { route: fixed, name: '' }
  const [collection, encoded, member, ...more] = rest.split('/')
  const name = encoded === undefined || encoded === '' ? undefined : decodePath(encoded)
  if (name === undefined || more.length > 0) return undefined
  if (collection === 'channels' && member === undefined) return { route: CHANNEL, name }
  if (collection === 'channels' && member === 'users') return { route: CHANNEL_USERS, name }
  if (collection === 'users' && member === 'terminate_connections')
    return { route: TERMINATE, name }
  return undefined
}

/** @returns what answers every HTTP request on the public port */
export function createApi(parts: ApiParts): (request: HttpRequest) => Answer {
  const { apps, hub, broker, bridge, clock, pathPrefix, timestampToleranceSeconds, answered } =
    parts
  const idempotency = new Idempotency(clock, broker)

  /** The app that a path names, or the answer where there is none to be served. */
  function appOf(id: string): App | HttpResponse {
    const app = apps.byId(id)
    if (app === undefined && !apps.isComplete) {
      return refusal(503, 'Apps cannot be looked up at the moment. Try again.')
    }
    if (app === undefined) {
      return refusal(404, "No app has this id. Check the app id in the Laravel app's .env.")
    }
    return app.settings.enabled ? app : refusal(403, `The app ${app.id} is disabled.`)
  }

  function answerPages(request: HttpRequest, appId: string, page: PageRoute): Answer {
    const app = appOf(appId)
    const answer = isRefusal(app) ? app : answerPage(request, app, page.question, bridge)
    return answer instanceof Promise
      ? answer.then((response) => tally(request, page.route, response))
      : tally(request, page.route, answer)
  }

  function answerApi(request: HttpRequest, path: string): Answer {
    const slash = path.indexOf('/', '/apps/'.length)
    const appId = path.slice('/apps/'.length, slash === -1 ? undefined : slash)
    const rest = slash === -1 ? '' : path.slice(slash + 1)
    const page = PAGES.get(rest)
    if (page !== undefined) return answerPages(request, appId, page)
    const found = match(rest)
    if (found === undefined)
      return tally(request, 'unknown', refusal(404, `There is nothing at ${path.slice(0, 200)}.`))
    const { route, name } = found
    if (request.method !== route.method) {
      return tally(
        request,
        route.route,
        refusal(405, `Use ${route.method} for this path.`, { Allow: route.method }),
      )
    }
    const app = appOf(appId)
    if (isRefusal(app)) return tally(request, route.route, app)
    const allowed = authenticate(
      request,
      path,
      app,
      Math.floor(clock.now() / 1000),
      timestampToleranceSeconds,
    )
    if (isRefusal(allowed)) return tally(request, route.route, allowed)
    const { body, receivedAt } = request
    const { length } = body // what is in it is gone once this awaits
    const call = { app, hub, broker, idempotency, query: allowed.query, body, receivedAt, name }
    const answer = route.answer(call)
    const tallied = (response: HttpResponse): HttpResponse => {
      hub.live(app).tally.answered(length, response.body)
      return tally(request, route.route, response)
    }
    return answer instanceof Promise ? answer.catch(unavailable).then(tallied) : tallied(answer)
  }

  function tally(
    { path, receivedAt }: HttpRequest,
    route: string,
    response: HttpResponse,
  ): HttpResponse {
    answered(route, response.status, (performance.now() - receivedAt) / 1000)
    if (response.status >= 400 && hub.observers.isWatched) {
      hub.observers.refused('request', reasonIn(response), {
        code: response.status,
        ...appIn(path),
      })
    }
    return response
  }

  return (request) => {
    const path = withoutPrefix(request.path, pathPrefix)
    if (path?.startsWith('/apps/')) return answerApi(request, path)
    // Probes know nothing of path prefixes.
    if (request.path === '/up' || path === '/up') return answerProbe(request, UP)
    if (request.path === '/ready' || path === '/ready') {
      return answerProbe(request, getReady(parts.readiness()))
    }
    return tally(request, 'unknown', refusal(404, notFoundText(request.path, pathPrefix)))
  }
}

/** The text of a refusal. What Laravel's own endpoint answered is not ours to show. */
function reasonIn({ body, status }: HttpResponse): string {
  const text = /^\{"error":("(?:[^"\\]|\\.)*")/.exec(body)?.[1]
  return text === undefined ? `status ${status}` : String(JSON.parse(text))
}

/** The app that a path names, where one of at most 64 characters is named. */
function appIn(path: string): { app?: string } {
  const app = /\/apps\/([^/]{1,64})/.exec(path)?.[1]
  return app === undefined ? {} : { app }
}

/** What the nodes share cannot be had or told: where it is the operator's to mend, the caller can try again. */
function unavailable(fault: unknown): HttpResponse {
  if (fault instanceof ResoundError) return refusal(503, fault.message)
  throw fault
}

function answerProbe({ method }: HttpRequest, answer: HttpResponse): HttpResponse {
  if (method === 'GET' || method === 'HEAD') return answer
  return refusal(405, 'Use GET for this path.', { Allow: 'GET, HEAD' })
}

function withoutPrefix(path: string, prefix: string): string | undefined {
  return path.startsWith(prefix) ? path.slice(prefix.length) : undefined
}

function notFoundText(path: string, prefix: string): string {
  const shown = path.slice(0, 200)
  return prefix !== '' && path.startsWith('/apps/')
    ? `There is nothing at ${shown}: this server's pathPrefix is ${prefix}.`
    : `There is nothing at ${shown}. The HTTP API is below ${prefix}/apps/{id}.`
}

/** Publishes what the body says; the query gives what it does not name (Pusher docs, "HTTP API reference"). */
function publish(call: Call, post: (parameters: unknown, call: Call) => Answer): Answer {
  const { app, idempotency, body, query } = call
  if (!isUtf8(body)) return refusal(400, 'The body is not UTF-8 text.')
  let parameters: unknown
  try {
    parameters = body.length === 0 ? {} : JSON.parse(body.toString('utf8'))
  } catch {
    return refusal(400, 'The body is not JSON.')
  }
  if (query.size > 0 && isObject(parameters)) {
    const { channels: _, ...others } = Object.fromEntries(query) // names may hold the comma that joins a list
    parameters = { ...others, ...parameters }
  }
  return idempotency.once(parameters, app, () => post(parameters, call))
}
