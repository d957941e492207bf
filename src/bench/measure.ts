/** What one phase of a load comes to, in one generator. */
import type { RecordableHistogram } from 'node:perf_hooks'
import { type ErrorCount, ErrorCounts } from './errors.ts'
import { createLatencies, nowMicroseconds, record } from './latency.ts'
import { type SelfReport, SelfWatch } from './self.ts'

export interface Measured {
  /** What was done: connections opened, events published, ... */
  readonly operations: number
  /** What should have come of it, and what did: connections established, deliveries, ... */
  readonly expected: number
  readonly happened: number
  /** Of what should have happened, what did not, by the events' numbers where they have some. */
  readonly missed: number
  readonly doubled: number
  readonly seconds: number
  /** From when it was due until it happened, in microseconds. */
  readonly latencies: RecordableHistogram
  readonly self: SelfReport
  readonly errors: readonly ErrorCount[]
}

/** A phase while it goes on. */
export class Measure {
  readonly self = new SelfWatch()
  readonly latencies = createLatencies()
  readonly errors = new ErrorCounts()
  happened = 0
  readonly #start = nowMicroseconds()
  #lastAt = 0

  // hot path: once per delivery.
  /** Something that was due then has happened. */
  happen(dueMicroseconds: number): void {
    const now = nowMicroseconds()
    record(this.latencies, now - dueMicroseconds)
    this.happened += 1
    this.#lastAt = now
  }

  /** What goes with it has happened just now, and belongs to the time it took. */
  goOn(): void {
    this.#lastAt = nowMicroseconds()
  }

  end(counts: {
    readonly operations: number
    readonly expected: number
    readonly missed?: number
    readonly doubled?: number
  }): Measured {
    const { operations, expected } = counts
    const end = this.#lastAt === 0 ? nowMicroseconds() : this.#lastAt
    return {
      operations,
      expected,
      happened: this.happened,
      missed: counts.missed ?? Math.max(0, expected - this.happened),
      doubled: counts.doubled ?? 0,
      seconds: (end - this.#start) / 1e6,
      latencies: this.latencies,
      self: this.self.end(),
      errors: this.errors.list(),
    }
  }
}
