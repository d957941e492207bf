/** Clocks for tests: one turned by hand, and the real one with its running timers counted. */
import { type Clock, realClock } from '../../src/clock.ts'

export interface TestClock extends Clock {
  /** Timers that have been started and neither stopped nor, if they fire once, fired. */
  readonly running: number
}

interface Timer {
  due: number
  readonly period: number | undefined
  readonly fire: () => void
}

/** Time stands still until a test advances it. */
export class ManualClock implements TestClock {
  readonly #timers = new Set<Timer>()
  #now: number

  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now
  }

  get running(): number {
    return this.#timers.size
  }

  now(): number {
    return this.#now
  }

  every(milliseconds: number, tick: () => void): () => void {
    return this.#start({ due: this.#now + milliseconds, period: milliseconds, fire: tick })
  }

  after(milliseconds: number, done: () => void): () => void {
    return this.#start({ due: this.#now + milliseconds, period: undefined, fire: done })
  }

  /** Lets time pass, firing what falls due in order. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#now = next.due
      if (next.period === undefined) this.#timers.delete(next)
      else next.due += next.period
      next.fire()
    }
    this.#now = end
  }

  #next(end: number): Timer | undefined {
    const due = [...this.#timers].filter((timer) => timer.due <= end)
    return due.sort((a, b) => a.due - b.due)[0]
  }

  #start(timer: Timer): () => void {
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }
}

/** The real clock, counting its timers. */
export function countingClock(): TestClock {
  const timers = new Set<() => void>()
  const counted = (stop: () => void): (() => void) => {
    const once = (): void => {
      timers.delete(once)
      stop()
    }
    timers.add(once)
    return once
  }
  return {
    now: () => realClock.now(),
    every: (milliseconds, tick) => counted(realClock.every(milliseconds, tick)),
    after(milliseconds, done) {
      const stop = counted(
        realClock.after(milliseconds, () => {
          stop()
          done()
        }),
      )
      return stop
    },
    get running() {
      return timers.size
    },
  }
}
