/**
 * What happens, as it happens, as a stream of server-sent events (WHATWG HTML, "Server-sent events").
 */
import { ResoundError } from '../errors.ts'
import { type HttpResponse, refusal, type Sink } from '../http-api/exchange.ts'
import type { Query } from '../http-api/query.ts'
import type { Answering } from '../live/question.ts'
import { type Filter, KINDS } from '../tail/filter.ts'
import type { Sight, Watch } from '../tail/watch.ts'
import type { Caller, Routes } from './route.ts'

const MOST_VIEWERS = 20
/** Sooner than either side gives up a silent connection. */
const BEAT_MILLISECONDS = 4000
const NAME_LENGTH = 300

/**
 * `?app=` of one app, `?channel=` of channels with such names, where `*` stands for anything, `?kinds=`
 * some kinds, separated by commas, `?payloads=1` with what events carry, for operators.
 */
export function tailRoutes(watch: Watch, live: Answering): Routes {
  let viewers = 0
  const left = (): void => {
    viewers -= 1
  }
  const show = async (query: Query, caller: Caller): Promise<HttpResponse> => {
    const filter = readFilter(query)
    if (typeof filter === 'string') return refusal(400, filter)
    if (filter.payloads === true && !caller.isOperator) {
      return refusal(403, 'What events carry is for operators: it takes admin.token on the port.')
    }
    const unknown = filter.app === undefined ? undefined : await refusalOf(live, filter.app)
    if (unknown !== undefined) return unknown
    if (viewers === MOST_VIEWERS) return refusal(503, `${MOST_VIEWERS} viewers are here already.`)
    return {
      status: 200,
      contentType: 'text/event-stream; charset=utf-8',
      headers: { 'Cache-Control': 'no-store' },
      body: ': what happens, as it happens\n\n',
      stream: (sink) => {
        viewers += 1 // only now: who has gone meanwhile takes no place
        return follow(watch, filter, sink, left)
      },
    }
  }
  return [
    [
      '/tail',
      { method: 'GET', access: 'viewer', answer: (query, _, caller) => show(query, caller) },
    ],
  ]
}

/** Why an app cannot be looked at, as lists say it; undefined when it can, or nobody answers. */
async function refusalOf(live: Answering, app: string): Promise<HttpResponse | undefined> {
  try {
    const { part } = await live.ask({ of: 'app', app })
    return 'refused' in part ? refusal(part.refused.status, part.refused.text) : undefined
  } catch (fault) {
    if (fault instanceof ResoundError) return undefined
    throw fault
  }
}

/** @returns what ends it */
function follow(watch: Watch, filter: Filter, sink: Sink, left: () => void): () => void {
  /** What a viewer who is behind has not been sent. */
  let missed = 0
  const tell = (batch: readonly Sight[]): void => {
    const told = missed === 0 ? batch : [...batch, missing(missed)]
    const text = told.map((sight) => `data: ${JSON.stringify(sight)}\n\n`).join('')
    if (sink.write(text)) missed = 0
    else missed += batch.length
  }
  const unwatch = watch(filter, tell)
  const beat = setInterval(() => sink.write(':\n\n'), BEAT_MILLISECONDS)
  return () => {
    clearInterval(beat)
    unwatch()
    left()
  }
}

const missing = (count: number): Sight => ({ kind: 'missed', time: Date.now(), count })

/** @returns a text that says what is wrong, when something is */
function readFilter(query: Query): Filter | string {
  const app = query.get('app') || undefined
  const channel = query.get('channel') || undefined
  if ((app?.length ?? 0) > NAME_LENGTH || (channel?.length ?? 0) > NAME_LENGTH) {
    return `app and channel have at most ${NAME_LENGTH} characters.`
  }
  const kinds = query.get('kinds')?.split(',').filter(Boolean)
  const unknown = kinds?.find((kind) => !KINDS.some((one) => one === kind))
  if (unknown !== undefined) return `There is no such kind. There are: ${KINDS.join(', ')}.`
  return {
    ...(app === undefined ? {} : { app }),
    ...(channel === undefined ? {} : { channel }),
    ...(kinds === undefined || kinds.length === 0 ? {} : { kinds }),
    ...(query.get('payloads') === '1' ? { payloads: true } : {}),
  }
}
