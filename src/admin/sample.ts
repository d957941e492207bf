/**
 * One second of a process group in figures, made of its metrics: what is, and what has grown since.
 */
import type { Family } from '../metrics/metric.ts'

/** The metrics of all processes at one time. */
export interface Reading {
  /** Unix milliseconds. */
  readonly time: number
  readonly processes: readonly (readonly Family[])[]
}

/** What of it is per second, and what is there now. Null where there is nothing to tell. */
export interface Sample {
  readonly time: number
  readonly connections: number
  readonly subscriptions: number
  readonly opened: number
  readonly closed: number
  /** Events received, by source. */
  readonly events: { readonly http: number; readonly redis: number; readonly client: number }
  readonly delivered: number
  /** Connections, subscriptions, sign-ins and client events that were refused. */
  readonly refused: number
  readonly httpClientErrors: number
  readonly httpServerErrors: number
  readonly delivery: Quantiles
  readonly loopDelay: Quantiles
  readonly memoryBytes: number
  /** Of the process that has most open; its limit. */
  readonly openFiles: number | null
  readonly openFilesLimit: number | null
}

/** In seconds, within a histogram's bucket as if its values were spread evenly. */
export interface Quantiles {
  readonly p50: number | null
  readonly p99: number | null
}

type Labels = Readonly<Record<string, string | number>>

const REFUSALS = [
  'connections_refused_total',
  'subscribe_refused_total',
  'signin_refused_total',
  'client_events_refused_total',
]

/** @param prefix in front of every metric's name */
export function sampleOf(before: Reading, now: Reading, prefix: string): Sample {
  const earlier = new Figures(before, prefix)
  const figures = new Figures(now, prefix)
  const seconds = Math.max((now.time - before.time) / 1000, 0.001)
  // A worker that is gone without a last word takes what it had counted with it.
  const rate = (name: string, isMeant?: (labels: Labels) => boolean): number =>
    Math.max(figures.sum(name, isMeant) - earlier.sum(name, isMeant), 0) / seconds
  const from = (source: string): number =>
    rate('events_received_total', (is) => is['source'] === source)
  const answered = (first: string): number =>
    rate('http_requests_total', ({ status }) => String(status).startsWith(first))
  const quantiles = (name: string): Quantiles =>
    quantilesOf(earlier.buckets(name), figures.buckets(name))
  return {
    time: now.time,
    connections: figures.sum('connections'),
    subscriptions: figures.sum('subscriptions'),
    opened: rate('connections_opened_total'),
    closed: rate('connections_closed_total'),
    events: { http: from('http'), redis: from('redis'), client: from('client') },
    delivered: rate('events_delivered_total'),
    refused: REFUSALS.reduce((all, name) => all + rate(name), 0),
    httpClientErrors: answered('4'),
    httpServerErrors: answered('5'),
    delivery: quantiles('delivery_seconds'),
    loopDelay: quantiles('event_loop_delay_seconds'),
    memoryBytes: figures.sum('memory_bytes'),
    openFiles: figures.largest('open_files'),
    openFilesLimit: figures.largest('open_files_limit'),
  }
}

/** Upper bounds with how many values were within them, ascending. */
type Cumulative = ReadonlyMap<number, number>

class Figures {
  readonly #families: readonly Family[]
  readonly #prefix: string

  constructor({ processes }: Reading, prefix: string) {
    this.#families = processes.flat()
    this.#prefix = prefix
  }

  sum(name: string, isMeant: (labels: Labels) => boolean = () => true): number {
    let all = 0
    for (const { values } of this.#named(name)) {
      for (const { value, labels } of values) if (isMeant(labels)) all += value ?? 0
    }
    return all
  }

  largest(name: string): number | null {
    const values = this.#named(name).flatMap((family) =>
      family.values.flatMap(({ value }) => value ?? []),
    )
    return values.length === 0 ? null : Math.max(...values)
  }

  buckets(name: string): Cumulative {
    const counts = new Map<number, number>()
    for (const { values } of this.#named(name)) {
      for (const { labels, value } of values) {
        const { le } = labels
        if (le === undefined) continue // the histogram's sum or count
        const bound = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le)
        counts.set(bound, (counts.get(bound) ?? 0) + (value ?? 0))
      }
    }
    return counts
  }

  #named(name: string): readonly Family[] {
    return this.#families.filter((family) => family.name === this.#prefix + name)
  }
}

function quantilesOf(before: Cumulative, now: Cumulative): Quantiles {
  const grown = [...now].map(
    ([bound, count]) => [bound, Math.max(count - (before.get(bound) ?? 0), 0)] as const,
  )
  return { p50: quantile(grown, 0.5), p99: quantile(grown, 0.99) }
}

function quantile(
  cumulative: readonly (readonly [bound: number, count: number])[],
  share: number,
): number | null {
  const all = cumulative.at(-1)?.[1] ?? 0
  if (all === 0) return null
  let [lower, below] = [0, 0]
  for (const [bound, count] of cumulative) {
    // Above the last bound nothing more is known than that.
    if (count >= all * share && count > below) {
      if (bound === Number.POSITIVE_INFINITY) return lower
      return lower + (bound - lower) * ((all * share - below) / (count - below))
    }
    lower = bound
    below = count
  }
  return lower
}
