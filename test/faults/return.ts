/** What those went through who had to come back: judged, like all, from a recording. */
import type { Listening, Recording } from './recording.ts'
import type { Span } from './spans.ts'

export interface Return {
  readonly returns: number
  /** Clients that listened once, and do not at the end. */
  readonly away: readonly string[]
  /** Dials that were refused or reset: pusher-js waits 15 s, 30 s and then 60 s after them. */
  readonly refused: readonly string[]
  /** Closed with 4200 before they were established: pusher-js dials at once, for ever. */
  readonly closedTooSoon: number
  /** Listeners closed with anything else than 4200, by code. */
  readonly otherCodes: Readonly<Record<string, number>>
  /** How long it took from the end of one subscription to the next. */
  readonly medianMilliseconds: number
  readonly p99Milliseconds: number
  readonly longestMilliseconds: number
  /** Events on their channel meanwhile that were answered 200, each client's by itself, on average. */
  readonly missedEach: number
}

/** @param span in which they were sent away, or lost their node */
export function judgeReturn({ listening, published, ended }: Recording, span: Span): Return {
  const byClient = new Map<string, Listening[]>()
  for (const one of listening) byClient.set(one.client, [...(byClient.get(one.client) ?? []), one])
  const times = new Map<string, number[]>()
  for (const { channel, sentAt, status } of published) {
    if (status !== 200) continue
    const others = times.get(channel)
    if (others === undefined) times.set(channel, [sentAt])
    else others.push(sentAt)
  }
  const gaps: number[] = []
  const away: string[] = []
  let missed = 0
  for (const [client, own] of byClient) {
    for (const [index, { until, channel }] of own.entries()) {
      if (until === undefined || until < span.from || until >= span.to) continue
      const next = own[index + 1]
      if (next === undefined) away.push(client)
      else {
        gaps.push(next.since - until)
        for (const at of times.get(channel) ?? []) if (at > until && at < next.since) missed += 1
      }
    }
  }
  const ends = ended.filter(({ at }) => at >= span.from && at < span.to)
  const otherCodes: Record<string, number> = {}
  for (const { client, code, wasEstablished } of ends) {
    if (wasEstablished && code !== 4200 && byClient.has(client))
      otherCodes[code] = (otherCodes[code] ?? 0) + 1
  }
  gaps.sort((a, b) => a - b)
  const at = (part: number) => gaps[Math.min(gaps.length - 1, Math.floor(gaps.length * part))] ?? 0
  return {
    returns: gaps.length,
    away,
    refused: ends
      .filter(({ code }) => code === 0)
      .map(({ client, node, at, error }) => {
        const after = Math.round(at - span.from)
        return `${client} at node ${node} after ${after} ms: ${error}`
      }),
    closedTooSoon: ends.filter(
      ({ code, wasEstablished }) => !wasEstablished && code >= 4200 && code < 4300,
    ).length,
    otherCodes,
    medianMilliseconds: at(0.5),
    p99Milliseconds: at(0.99),
    longestMilliseconds: at(1),
    missedEach: gaps.length === 0 ? 0 : missed / gaps.length,
  }
}

/** Who is announced as gone of those who only ever came back. */
export const flickersOf = ({ stays }: Recording, isSteady: (userId: string) => boolean): string[] =>
  stays.flatMap(({ userId: viewer, told }) =>
    told
      .filter(({ what, userIds }) => what === 'removed' && userIds.some(isSteady))
      .map(({ userIds }) => `${viewer} is told that ${userIds.join()} has left`),
  )
