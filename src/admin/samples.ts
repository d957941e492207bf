/**
 * `GET /samples`: the figures of the group once a second, and its status every ten, while anybody looks.
 *
 * One timer for all viewers, and none without: what nobody looks at is not worked out.
 */
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import { type HttpResponse, refusal, type Sink } from '../http-api/exchange.ts'
import type { Family } from '../metrics/metric.ts'
import { EVENT_STREAM, messageOf } from './event-stream.ts'
import type { Routes } from './route.ts'
import { type Reading, sampleOf } from './sample.ts'

const SAMPLE_MILLISECONDS = 1000
/** Samples between one status and the next. */
const STATUS_EVERY = 10
export const MOST_VIEWERS = 16

export interface SamplesParts {
  readonly metrics: {
    /** Of each process. */
    families(): Promise<readonly (readonly Family[])[]>
    /** In front of every name. */
    readonly prefix: string
  }
  readonly status: () => Promise<object>
  readonly clock: Clock
  readonly log: Logger
}

export class Samples {
  readonly routes: Routes = [
    ['/samples', { method: 'GET', access: 'viewer', answer: () => this.#getSamples() }],
  ]
  readonly #parts: SamplesParts
  readonly #viewers = new Set<Sink>()
  #stopTimer: (() => void) | undefined
  #before: Reading | undefined
  /** Of those who look now; what is still under way for those before is let go. */
  #watch = 0
  #isBusy = false
  #taken = 0
  #status: object | undefined

  constructor(parts: SamplesParts) {
    this.#parts = parts
  }

  #getSamples(): HttpResponse {
    if (this.#viewers.size >= MOST_VIEWERS) {
      return refusal(503, `The samples have ${MOST_VIEWERS} viewers already; close one.`)
    }
    return { ...EVENT_STREAM, stream: (sink) => this.#join(sink) }
  }

  #join(sink: Sink): () => void {
    this.#viewers.add(sink)
    if (this.#viewers.size === 1) this.#start()
    else if (this.#status !== undefined) sink.write(messageOf(this.#status, 'status'))
    return () => {
      this.#viewers.delete(sink)
      if (this.#viewers.size === 0) this.#stop()
    }
  }

  #start(): void {
    this.#watch += 1
    this.#taken = 0
    this.#isBusy = false
    this.#stopTimer = this.#parts.clock.every(SAMPLE_MILLISECONDS, () => this.#tick())
    this.#tick() // what the first sample is compared with
  }

  #stop(): void {
    this.#stopTimer?.()
    this.#stopTimer = undefined
    this.#before = undefined
    this.#status = undefined
  }

  /** A group that is slow to answer is not asked again before it has. */
  #tick(): void {
    if (this.#isBusy) return
    const watch = this.#watch
    this.#isBusy = true
    this.#take(watch)
      .catch((fault: unknown) => this.#parts.log.error({ err: fault }, 'no sample could be taken'))
      .finally(() => {
        if (watch === this.#watch) this.#isBusy = false
      })
  }

  async #take(watch: number): Promise<void> {
    const { metrics, status, clock } = this.#parts
    const isStatusDue = this.#taken % STATUS_EVERY === 0
    this.#taken += 1
    const [processes, told] = await Promise.all([
      metrics.families(),
      isStatusDue ? status() : undefined,
    ])
    if (watch !== this.#watch || this.#viewers.size === 0) return
    const before = this.#before
    const now = { time: clock.now(), processes }
    this.#before = now
    if (told !== undefined) {
      this.#status = told
      this.#tell(messageOf(told, 'status'))
    }
    if (before !== undefined) this.#tell(messageOf(sampleOf(before, now, metrics.prefix)))
  }

  /** A viewer who is behind misses this one, and sees a gap. */
  #tell(message: string): void {
    for (const viewer of this.#viewers) viewer.write(message)
  }
}
