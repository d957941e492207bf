/**
 * Rates between two scrapes, as `resound metrics --watch` shows them. Pure.
 */
import type { ReadMetric, Sample } from '../metrics/read-text.ts'
import type { MetricsWatchDocument } from './documents/metrics.ts'

/** The metrics of a server at one time. */
export class Scrape {
  /** In milliseconds of `performance.now()`. */
  readonly takenAt: number
  readonly #samples = new Map<string, readonly Sample[]>()

  /** @param prefix in front of every name */
  constructor(metrics: readonly ReadMetric[], prefix: string, takenAt: number) {
    this.takenAt = takenAt
    for (const { name, samples } of metrics) {
      if (name.startsWith(prefix)) this.#samples.set(name.slice(prefix.length), samples)
    }
  }

  of(metric: string): readonly Sample[] {
    return this.#samples.get(metric) ?? []
  }
}

/** The prefix of a server's metrics, by one that every server has. */
export function prefixOf(metrics: readonly ReadMetric[]): string {
  const known = metrics.find(({ name }) => name.endsWith(KNOWN))
  return known?.name.slice(0, -KNOWN.length) ?? ''
}

const KNOWN = 'events_delivered_total'

export type Rates = Omit<MetricsWatchDocument, 'schema' | 'at'>

type Labels = Readonly<Record<string, string | RegExp>>

export function ratesBetween(before: Scrape, after: Scrape): Rates {
  const seconds = Math.max(0.001, (after.takenAt - before.takenAt) / 1000)
  const rate = (metric: string, labels: Labels = {}): number =>
    growthOf(before.of(metric), after.of(metric), labels) / seconds
  const quantile = (metric: string, share: number): number | null =>
    quantileOf(bucketsOf(before.of(metric), after.of(metric)), share)
  const events = (source: string): number => rate('events_received_total', { source })
  return {
    seconds,
    connections: after.of('connections').reduce((sum, { value }) => sum + value, 0),
    opened: rate('connections_opened_total'),
    closed: rate('connections_closed_total'),
    events: {
      http: events('http'),
      redis: events('redis'),
      client: events('client'),
      delivered: rate('events_delivered_total'),
      unheard: rate('events_unheard_total'),
    },
    refused: {
      connections: rate('connections_refused_total'),
      subscriptions: rate('subscribe_refused_total'),
      clientEvents: rate('client_events_refused_total'),
      signIns: rate('signin_refused_total'),
    },
    http: {
      ok: rate('http_requests_total', { status: /^[123]/ }),
      refused: rate('http_requests_total', { status: /^4/ }),
      failed: rate('http_requests_total', { status: /^5/ }),
    },
    delivery: {
      p50Seconds: quantile('delivery_seconds', 0.5),
      p99Seconds: quantile('delivery_seconds', 0.99),
    },
    eventLoopDelay: { p99Seconds: quantile('event_loop_delay_seconds', 0.99) },
    webhooks: {
      delivered: rate('webhooks_total', { outcome: 'delivered' }),
      retried: rate('webhooks_total', { outcome: 'retried' }),
      lost: rate('webhooks_total', { outcome: /^(failed|dropped)$/ }),
    },
    slowConsumers: rate('slow_consumers_closed_total'),
  }
}

/** By how much series have grown. One that fell began anew, and has grown to what it is. */
function growthOf(before: readonly Sample[], after: readonly Sample[], labels: Labels): number {
  const known = new Map(before.map((sample) => [keyOf(sample), sample.value]))
  let growth = 0
  for (const sample of after) {
    if (!matches(sample, labels)) continue
    const then = known.get(keyOf(sample)) ?? 0
    growth += sample.value >= then ? sample.value - then : sample.value
  }
  return growth
}

const keyOf = ({ name, labels }: Sample): string => `${name} ${Object.values(labels).join('\n')}`

const matches = ({ labels }: Sample, wanted: Labels): boolean =>
  Object.entries(wanted).every(([label, value]) =>
    typeof value === 'string' ? labels[label] === value : value.test(labels[label] ?? ''),
  )

interface Bucket {
  readonly bound: number
  /** Values of the interval that are not above it. */
  readonly count: number
}

function bucketsOf(before: readonly Sample[], after: readonly Sample[]): readonly Bucket[] {
  const isBucket = ({ name }: Sample): boolean => name.endsWith('_bucket')
  const known = new Map(before.filter(isBucket).map(({ labels, value }) => [labels['le'], value]))
  return after
    .filter(isBucket)
    .map(({ labels: { le = '' }, value }) => ({
      bound: le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le),
      count: growth(known.get(le) ?? 0, value),
    }))
    .sort((a, b) => a.bound - b.bound)
}

const growth = (then: number, now: number): number => (now >= then ? now - then : now)

/** The value that a share of all is not above, linear within its bucket, as Prometheus does it. */
function quantileOf(buckets: readonly Bucket[], share: number): number | null {
  const all = buckets.at(-1)?.count ?? 0
  if (all === 0) return null
  const rank = share * all
  let [lower, below] = [0, 0]
  for (const { bound, count } of buckets) {
    if (count >= rank) {
      if (bound === Number.POSITIVE_INFINITY) return lower
      return lower + ((bound - lower) * (rank - below)) / Math.max(1, count - below)
    }
    lower = bound
    below = count
  }
  return lower
}
