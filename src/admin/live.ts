/**
 * What is there now, cluster-wide: channels and their members, connections and users, listed in pages,
 * closed and published to.
 */
import { isUtf8 } from 'node:buffer'
import { kindOf } from '../../channels/kinds.ts'
import type { Config } from '../config/schema.ts'
import { ResoundError } from '../errors.ts'
import { type HttpRequest, type HttpResponse, json, refusal } from '../http-api/exchange.ts'
import type { Query } from '../http-api/query.ts'
import { type Answering, MOST_ROWS, type NodeName, Question, type Row } from '../live/question.ts'
import { isObject } from '../protocol/json.ts'
import { cursorOf, readCursor } from './cursor.ts'
import type { Answer, Caller, Route, Routes } from './route.ts'

const DEFAULT_LIMIT = 100

/** How a list is shown: under which name, and each row of it. */
type Shape = (answer: Listed) => object

interface Listed {
  readonly rows: readonly Row[]
  readonly more: string | null
  readonly silentNodes: readonly NodeName[]
}

/** Room for the largest event, twice over for what JSON escapes, and for the rest of the body. */
export function eventBodyBytes({ limits, apps }: Config): number {
  const own = apps.map((app) => app.limits?.eventBytes ?? 0)
  return 2 * Math.max(limits.eventBytes, ...own) + 64 * 1024
}

/** @param bodyBytes largest body that publishes an event */
export function liveRoutes(live: Answering, bodyBytes: number): Routes {
  const list = (of: string, shape: Shape): Route => ({
    method: 'GET',
    access: 'viewer',
    answer: (query) => askList(live, of, query, shape),
  })
  const change = (answer: (query: Query) => Answer): Route => ({
    method: 'POST',
    access: 'operator',
    answer,
  })
  return [
    ['/channels', list('channels', channels)],
    [
      '/channels/members',
      {
        method: 'GET',
        access: 'viewer',
        answer: (query, _, caller) => listMembers(live, query, caller),
      },
    ],
    ['/connections', list('connections', connections)],
    ['/connections/close', change((query) => close(live, query))],
    ['/users', list('users', users)],
    ['/users/disconnect', change((query) => disconnect(live, query))],
    [
      '/events',
      {
        method: 'POST',
        access: 'operator',
        bodyBytes,
        answer: (_query, request) => publish(live, request),
      },
    ],
  ]
}

const channels: Shape = ({ rows, more, silentNodes }) => ({
  channels: rows.map(({ app, name, count, members = null }) => {
    const { name: kind, cached } = kindOf(name)
    return { app, name, kind, cached, subscriptions: count, members }
  }),
  more,
  silentNodes,
})

const members: Shape = ({ rows, more, silentNodes }) => ({
  members: rows.map(({ name: userId }) => ({ userId })),
  more,
  silentNodes,
})

const membersWithInfo: Shape = ({ rows, more, silentNodes }) => ({
  members: rows.map(({ name: userId, info = 'null' }) => ({ userId, info: JSON.parse(info) })),
  more,
  silentNodes,
})

const connections: Shape = ({ rows, more, silentNodes }) => ({
  connections: rows.map(({ app, name: socketId, count, connection }) => ({
    app,
    socketId,
    ...connection,
    channels: count,
  })),
  more,
  silentNodes,
})

const users: Shape = ({ rows, more, silentNodes }) => ({
  users: rows.map(({ app, name: userId, count }) => ({ app, userId, connections: count })),
  more,
  silentNodes,
})

/** `?app=`, `?prefix=`, `?channel=`, `?user=` as far as a list knows them, `?limit=` and `?after=`. */
function askList(live: Answering, of: string, query: Query, shape: Shape): Answer {
  const limit = Number(query.get('limit') ?? DEFAULT_LIMIT)
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_ROWS) {
    return refusal(400, `limit is a whole number from 1 to ${MOST_ROWS}.`)
  }
  const cursor = query.get('after')
  const after = cursor === undefined ? undefined : readCursor(cursor)
  if (cursor !== undefined && after === undefined) {
    return refusal(400, 'after is what an answer before said in "more".')
  }
  const { data: question } = Question.safeParse({
    of,
    app: query.get('app'),
    channel: query.get('channel'),
    user: query.get('user'),
    prefix: query.get('prefix') ?? '',
    limit,
    after,
  })
  if (question === undefined) return refusal(400, 'A parameter is too long.')
  return asked(async () => {
    const { part, silentNodes } = await live.ask(question)
    if ('refused' in part) return refusal(part.refused.status, part.refused.text)
    if (!('rows' in part)) throw new Error(`${of} is a list`)
    const { rows, isCut } = part
    return json(shape({ rows, more: isCut ? cursorOf(rows.at(-1)) : null, silentNodes }))
  })
}

/** `?channel=`, and `?info=1` with what the app says of its users, which is for operators to see. */
function listMembers(live: Answering, query: Query, { isOperator }: Caller): Answer {
  if (!query.has('channel')) return refusal(400, 'Name the channel.')
  if (query.get('info') !== '1') return askList(live, 'members', query, members)
  if (isOperator) return askList(live, 'members', query, membersWithInfo)
  return refusal(403, 'What is known of users is for operators: it takes admin.token on the port.')
}

/** `?id=` a socket id, `?app=`; `?reconnect=1` where its client is to come back. */
function close(live: Answering, query: Query): Answer {
  const socketId = query.get('id')
  if (socketId === undefined) return refusal(400, 'Name the connection by id, its socket id.')
  return askToClose(live, { of: 'close', socketId, ...commonOf(query) })
}

/** `?id=` of a user, `?app=`; `?reconnect=1` where its clients are to come back. */
function disconnect(live: Answering, query: Query): Answer {
  const userId = query.get('id')
  if (userId === undefined) return refusal(400, 'Name the user by id.')
  return askToClose(live, { of: 'disconnect', userId, ...commonOf(query) })
}

const commonOf = (query: Query): { app: string | undefined; reconnects: boolean } => ({
  app: query.get('app'),
  reconnects: query.get('reconnect') === '1',
})

function askToClose(live: Answering, fields: object): Answer {
  const { data: question } = Question.safeParse(fields)
  if (question === undefined) return refusal(400, 'A parameter is too long.')
  return asked(async () => {
    const { part, silentNodes } = await live.ask(question)
    if ('refused' in part) return refusal(part.refused.status, part.refused.text)
    if (!('closed' in part)) throw new Error('closing counts')
    return json({ closed: part.closed, silentNodes })
  })
}

/** A body `{ "app", "channel", "event", "data", "socketId" }`, the last of which may be left out. */
function publish(live: Answering, { body }: HttpRequest): Answer {
  const given = read(body)
  if (!isObject(given)) return refusal(400, 'The body is a JSON object.')
  const { app, channel, event, data, socketId } = given
  for (const [name, value] of Object.entries({ app: app ?? '', channel, event })) {
    if (typeof value !== 'string') return refusal(400, `"${name}" has to be a string.`)
  }
  const { data: question } = Question.safeParse({
    of: 'publish',
    app,
    body: { name: event, channel, data, socket_id: socketId },
  })
  if (question === undefined) return refusal(400, 'The app is too long.')
  return asked(async () => {
    const { part } = await live.ask(question)
    if ('refused' in part) return refusal(part.refused.status, part.refused.text)
    if (!('subscriptions' in part)) throw new Error('publishing tells subscriptions')
    return json({ ok: true, subscriptions: part.subscriptions })
  })
}

/** @returns undefined for what is no JSON */
function read(body: Buffer): unknown {
  if (!isUtf8(body)) return undefined
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

async function asked(answer: () => Promise<HttpResponse>): Promise<HttpResponse> {
  try {
    return await answer()
  } catch (error) {
    if (!(error instanceof ResoundError)) throw error
    const { message, code: fault } = error
    return { status: 503, body: JSON.stringify({ error: message, code: 503, fault }) }
  }
}
