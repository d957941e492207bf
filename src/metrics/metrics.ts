/**
 * Every metric there is, in Prometheus' text format. Nothing is labelled by channel, user or socket.
 *
 * hot path: none. Gauges and counters are read from what is there when they are scraped; the rooms
 * that count do so in plain numbers (`hub/tally.ts`).
 */
import { APP_METRICS } from './apps.ts'
import { CONNECTION_METRICS } from './connections.ts'
import { EVENT_METRICS } from './events.ts'
import type { Family, Metric } from './metric.ts'
import { POSTGRES_METRICS } from './postgres.ts'
import { PROCESS_METRICS } from './process.ts'
import { GROUP_METRICS, REDIS_METRICS } from './redis.ts'
import { Register } from './register.ts'
import { API_METRICS, BRIDGE_METRICS, WEBHOOK_METRICS } from './requests.ts'
import { SOKETI_METRICS } from './soketi.ts'
import type { MetricsSources } from './sources.ts'

/** Ours. Under any other, the metrics go by soketi's names as well. */
const OWN_PREFIX = 'resound_'

/** Milliseconds between samples of the event loop; soketi's 10 wake an idle process 100 times a second. */
const LOOP = { own: 100, soketi: 10 }

/** Every metric of a serving process, in groups as the reference shows them. */
export const GROUPS: readonly { readonly title: string; readonly metrics: readonly Metric[] }[] = [
  { title: 'Connections and subscriptions', metrics: CONNECTION_METRICS },
  { title: 'Events', metrics: EVENT_METRICS },
  { title: 'HTTP API', metrics: API_METRICS },
  { title: 'Webhooks', metrics: WEBHOOK_METRICS },
  { title: 'Authorisation bridge', metrics: BRIDGE_METRICS },
  { title: 'Redis', metrics: REDIS_METRICS },
  { title: 'Nodes', metrics: GROUP_METRICS },
  { title: 'Apps', metrics: [...APP_METRICS, ...POSTGRES_METRICS] },
  { title: 'The process', metrics: PROCESS_METRICS },
]

export class Metrics {
  readonly #register: Register

  constructor(sources: MetricsSources) {
    const { prefix, port } = sources
    this.#register = new Register(prefix)
    for (const { metrics } of GROUPS) this.#register.add(metrics, sources)
    if (prefix === OWN_PREFIX) {
      this.#register.watchProcess({}, LOOP.own)
    } else {
      this.#register.watchProcess({ port: String(port) }, LOOP.soketi)
      this.#register.add(SOKETI_METRICS, sources)
    }
  }

  get contentType(): string {
    return this.#register.contentType
  }

  /** All metrics as text. */
  text(): Promise<string> {
    return this.#register.text()
  }

  /** All metrics, to be merged with those of other processes. */
  families(): Promise<readonly Family[]> {
    return this.#register.families()
  }
}
