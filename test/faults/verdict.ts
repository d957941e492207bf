/**
 * Judges a recording by the promises. Reads nothing else, so that what it finds has been seen by a client
 * or by whoever published.
 *
 * What a fault may cost is its `Effect` on a node, for as long as it lasts: everything else is a finding.
 */
import type { Listening, Published, Recording, Stay, Told } from './recording.ts'
import { overlaps, type Span, within, without } from './spans.ts'

/** What a fault may do to one node, and from when to when. */
export interface Effect extends Span {
  readonly node: number
  /** Whether publishing there may fail. */
  readonly fails: boolean
  /** Whether it may miss what other nodes were answered 200 for: Redis pub/sub has no replay. */
  readonly misses: boolean
  /**
   * `frozen`: who is present may be out of date there, and those who are there may be missing elsewhere, but
   * nobody is announced as gone who is not. `gone`: those who are there may be taken for gone as well.
   */
  readonly presence: 'right' | 'frozen' | 'gone'
}

export interface Trouble extends Span {
  readonly effects: readonly Effect[]
  /** Until when it is looked at. */
  readonly until: number
}

export interface Verdict {
  readonly published: number
  readonly answered200: number
  readonly answered503: number
  /** Events that were answered 200, each once for each subscriber that did not get it, as it may be. */
  readonly missed: number
  /** The same, where it may not be; and what a node did not deliver to its own subscribers. */
  readonly lost: readonly string[]
  readonly twice: number
  /** Publications that failed on a healthy node, or as they may not. */
  readonly errors: readonly string[]
  readonly longest503Milliseconds: number
  /** From the end of the trouble until the last node says that it is ready, for good. */
  readonly readyMilliseconds: number
  /** From its beginning until the first node says that it is not; undefined where all are all the time. */
  readonly unreadyMilliseconds: number | undefined
  /** From its end until everybody's view of who is present was right, for good. */
  readonly repairMilliseconds: number
  readonly doubles: readonly string[]
  /** Members announced as gone who were there. */
  readonly falseRemovals: readonly string[]
  /** Who was seen for longer than 15 s after they had gone. */
  readonly ghosts: readonly string[]
  /** Views that were not right at a time when they have to be. */
  readonly wrongViews: readonly string[]
  readonly changes: number
}

/** A busy machine, its event loops and the way to Redis and back. */
const LAG_MS = 2000
const GHOST_MS = 15_000
/** A connection that ends so soon after a publication was answered may not have it. */
const CLOSING_MS = 1000

export function judge(recording: Recording, trouble: Trouble, lingerMilliseconds: number): Verdict {
  const { from, until } = trouble
  const window = { from, to: until }
  const published = recording.published.filter(({ sentAt }) => sentAt >= from && sentAt < until)
  const with503 = published.filter(({ status }) => status === 503)
  return {
    published: published.length,
    answered200: published.filter(({ status }) => status === 200).length,
    answered503: with503.length,
    ...judgeDelivery(recording, published, trouble),
    errors: errorsOf(published, trouble),
    longest503Milliseconds: longestOf(with503, trouble),
    ...readinessOf(recording, trouble),
    ...judgePresence(recording, trouble, window, lingerMilliseconds),
  }
}

function judgeDelivery(
  { listening }: Recording,
  published: readonly Published[],
  { effects }: Trouble,
): Pick<Verdict, 'missed' | 'lost' | 'twice'> {
  const byChannel = new Map<string, { listener: Listening; heard: Map<number, number> }[]>()
  const first = published[0]?.number ?? 0
  for (const listener of listening) {
    const heard = new Map<number, number>()
    for (const number of listener.heard) {
      if (number >= first) heard.set(number, (heard.get(number) ?? 0) + 1)
    }
    const others = byChannel.get(listener.channel)
    if (others === undefined) byChannel.set(listener.channel, [{ listener, heard }])
    else others.push({ listener, heard })
  }
  let missed = 0
  let twice = 0
  const lost: string[] = []
  for (const { number, node, channel, sentAt, answeredAt = Infinity, status } of published) {
    for (const { listener, heard } of byChannel.get(channel) ?? []) {
      const times = heard.get(number) ?? 0
      if (times > 1) twice += 1
      if (times > 0 || listener.since > sentAt) continue
      if ((listener.until ?? Infinity) < answeredAt + CLOSING_MS) continue
      const isHere = listener.node === node
      if (status !== 200 && !(status === 503 && isHere)) continue
      const mayMiss = effects.some(
        (effect) =>
          effect.misses &&
          effect.node === listener.node &&
          overlaps(effect, { from: sentAt, to: answeredAt }),
      )
      if (!isHere && mayMiss) missed += 1
      else
        lost.push(
          `event ${number} of node ${node} (${status}) to ${listener.client} of node ${listener.node}`,
        )
    }
  }
  return { missed, lost, twice }
}

/** A node that is paused answers when it goes on. */
function longestOf(published: readonly Published[], { effects }: Trouble): number {
  const paused = effects.filter(({ presence }) => presence === 'gone')
  const times = published.map(({ node, sentAt, answeredAt = sentAt }) => {
    const request = { from: sentAt, to: answeredAt }
    const isPaused = paused.some((effect) => effect.node === node && overlaps(effect, request))
    return isPaused ? 0 : answeredAt - sentAt
  })
  return Math.max(0, ...times)
}

function errorsOf(published: readonly Published[], { effects }: Trouble): readonly string[] {
  return published.flatMap(({ number, node, sentAt, answeredAt = Infinity, status, failure }) => {
    if (status === 200) return []
    const request = { from: sentAt, to: answeredAt }
    const mayFail = effects.filter(
      (effect) => effect.fails && effect.node === node && overlaps(effect, request),
    )
    const isGone = mayFail.some(({ presence }) => presence === 'gone')
    if (isGone || (mayFail.length > 0 && status === 503)) return []
    return [`event ${number} to node ${node}: ${failure ?? status ?? 'no answer'}`]
  })
}

function readinessOf(
  { asked }: Recording,
  { from, to, until }: Trouble,
): Pick<Verdict, 'readyMilliseconds' | 'unreadyMilliseconds'> {
  const notReady = asked.filter(({ at, status }) => at >= from && at < until && status !== 200)
  const last = notReady.at(-1)
  const first = notReady.find(({ status }) => status === 503)
  return {
    readyMilliseconds: Math.max(0, (last?.at ?? 0) - to),
    unreadyMilliseconds: first === undefined ? undefined : first.at - from,
  }
}

/** When somebody was in somebody's view, and what was told twice. */
interface View {
  readonly spans: Map<string, Span[]>
  readonly doubles: readonly string[]
}

function viewOf({ userId: viewer, told, leftAt = Infinity }: Stay): View {
  const since = new Map<string, number>()
  const spans = new Map<string, Span[]>()
  const doubles: string[] = []
  const close = (userId: string, to: number): void => {
    const from = since.get(userId)
    since.delete(userId)
    if (from === undefined) return
    const others = spans.get(userId)
    if (others === undefined) spans.set(userId, [{ from, to }])
    else others.push({ from, to })
  }
  const tell = ({ at, what, userIds }: Told): void => {
    for (const userId of userIds) {
      const isIn = since.has(userId)
      if (what === 'removed') {
        if (!isIn)
          doubles.push(`${viewer} is told twice at ${Math.round(at)} that ${userId} has left`)
        close(userId, at)
      } else {
        if (isIn)
          doubles.push(`${viewer} is told twice at ${Math.round(at)} that ${userId} is there`)
        else since.set(userId, at)
      }
    }
  }
  for (const news of told) tell(news)
  for (const userId of [...since.keys()]) close(userId, leftAt)
  return { spans, doubles }
}

function judgePresence(
  { stays }: Recording,
  { to, effects }: Trouble,
  window: Span,
  lingerMilliseconds: number,
): Pick<
  Verdict,
  'doubles' | 'falseRemovals' | 'ghosts' | 'wrongViews' | 'repairMilliseconds' | 'changes'
> {
  const present = stays.filter(({ askedAt, leftAt = Infinity }) =>
    // those who have gone before may still be in somebody's view
    overlaps({ from: askedAt, to: leftAt + GHOST_MS + LAG_MS }, window),
  )
  const doubles: string[] = []
  const falseRemovals: string[] = []
  const ghosts: string[] = []
  const wrongViews: string[] = []
  let changes = 0
  let repaired = to
  const troubled = (node: number): readonly Effect[] =>
    effects.filter((effect) => effect.node === node && effect.presence !== 'right')
  const byUser = new Map<string, Stay[]>()
  for (const stay of present) {
    const key = `${stay.channel} ${stay.userId}`
    byUser.set(key, [...(byUser.get(key) ?? []), stay])
  }
  for (const viewer of present) {
    const { channel, node, enteredAt, leftAt = window.to } = viewer
    if (enteredAt === undefined) continue
    const view = viewOf(viewer)
    changes += viewer.told.filter(({ at }) => at >= window.from && at < window.to).length
    doubles.push(...view.doubles)
    const looking = within({ from: enteredAt, to: leftAt }, window)[0]
    if (looking === undefined) continue
    for (const [key, own] of byUser) {
      const userId = key.slice(channel.length + 1)
      if (!key.startsWith(`${channel} `)) continue
      const seen = (view.spans.get(userId) ?? []).flatMap((span) => within(span, looking))
      const excused = [node, ...own.map((stay) => stay.node)].flatMap(troubled)
      const mayBeSeen = own.map((stay) => ({
        from: stay.askedAt - 1,
        to: (stay.leftAt ?? Infinity) + LAG_MS + (stay.isGoodbye ? 0 : lingerMilliseconds),
      }))
      const mustBeSeen = own.flatMap((stay) =>
        within(
          { from: (stay.enteredAt ?? Infinity) + LAG_MS, to: stay.leftAt ?? Infinity },
          { from: looking.from + LAG_MS, to: looking.to },
        ),
      )
      const extra = seen.flatMap((span) => without(span, mayBeSeen))
      const missing = mustBeSeen.flatMap((span) => without(span, seen))
      for (const { to: end } of [...extra, ...missing]) repaired = Math.max(repaired, end)
      for (const span of extra) {
        const left = own.flatMap(({ leftAt: at = Infinity }) => (at <= span.from ? [at] : []))
        if (span.to - Math.max(...left, left.length === 0 ? span.from : 0) > GHOST_MS) {
          ghosts.push(`${userId} in the view of ${viewer.userId} of node ${node}`)
        }
      }
      for (const [what, span] of [
        ...extra.map((span) => ['sees', span] as const),
        ...missing.map((span) => ['does not see', span] as const),
      ]) {
        for (const rest of without(span, excused)) {
          const [at, after] = [Math.round(rest.from - to), Math.round(rest.to - to)]
          wrongViews.push(
            `${viewer.userId} of node ${node} ${what} ${userId} from ${at} to ${after} ms after the end`,
          )
        }
      }
      for (const { at, what, userIds } of viewer.told) {
        if (what !== 'removed' || !userIds.includes(userId)) continue
        if (at < window.from || at >= window.to) continue
        const there = own.find(
          (stay) =>
            (stay.enteredAt ?? Infinity) + LAG_MS < at && (stay.leftAt ?? Infinity) > at + LAG_MS,
        )
        if (there === undefined) continue
        const mayBeGone = effects.some(
          (effect) =>
            effect.presence === 'gone' &&
            effect.node === there.node &&
            overlaps(effect, { from: at - 1, to: at }),
        )
        if (!mayBeGone) {
          falseRemovals.push(
            `${viewer.userId} of node ${node} is told ${Math.round(at - to)} ms after the end that ${userId} of node ${there.node} has left`,
          )
        }
      }
    }
  }
  return {
    doubles,
    falseRemovals,
    ghosts,
    wrongViews,
    changes,
    repairMilliseconds: repaired - to,
  }
}
