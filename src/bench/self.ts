/**
 * What the load generator itself was doing: how busy its thread was, how late its timers, how late it did
 * what was due. Without this nobody knows whether a figure is the server's.
 */
import {
  type EventLoopUtilization,
  type IntervalHistogram,
  monitorEventLoopDelay,
  performance,
  type RecordableHistogram,
} from 'node:perf_hooks'
import { createLatencies } from './latency.ts'

const SAMPLE_MILLISECONDS = 10

/** Of one thread in one measure. */
export interface SelfReport {
  /** Of the thread's time, what it had something to do in: 0 to 1. */
  readonly busyShare: number
  /** On-CPU time of the whole process, without what it only looked at the clock for. */
  readonly cpuMicroseconds: number
  /** How late its timers were. */
  readonly loopDelayP99Milliseconds: number
  /** How late it did what was due, where it could have, in microseconds. */
  readonly lag: RecordableHistogram
}

export class SelfWatch {
  readonly lag = createLatencies()
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: SAMPLE_MILLISECONDS })
  readonly #utilization: EventLoopUtilization = performance.eventLoopUtilization()
  readonly #cpu = process.cpuUsage()
  readonly #since = performance.now()
  #spunMilliseconds = 0

  constructor() {
    this.#delay.enable()
  }

  /** Time in which it looked whether something was due yet, and nothing was. */
  spun(milliseconds: number): void {
    this.#spunMilliseconds += milliseconds
  }

  end(): SelfReport {
    this.#delay.disable()
    const elapsed = performance.now() - this.#since
    const { active } = performance.eventLoopUtilization(this.#utilization)
    const { user, system } = process.cpuUsage(this.#cpu)
    const busy = Math.max(0, active - this.#spunMilliseconds)
    return {
      busyShare: elapsed === 0 ? 0 : Math.min(1, busy / elapsed),
      cpuMicroseconds: Math.max(0, user + system - this.#spunMilliseconds * 1000),
      loopDelayP99Milliseconds: this.#late(),
      lag: this.lag,
    }
  }

  #late(): number {
    if (this.#delay.count === 0) return 0
    return Math.max(0, this.#delay.percentile(99) / 1e6 - SAMPLE_MILLISECONDS)
  }
}
