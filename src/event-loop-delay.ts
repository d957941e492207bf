/**
 * How late the event loop is: by how much timers fire after they are due, ten times a second.
 */
import { Buckets } from './buckets.ts'
import type { Clock } from './clock.ts'

const PERIOD_MILLISECONDS = 100
/** How many samples a second has. */
const RECENT = 10

export class EventLoopDelay {
  readonly seconds = new Buckets([
    ...[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  ])
  readonly stop: () => void
  #recent: readonly number[] = []

  constructor(clock: Clock) {
    let due = performance.now() + PERIOD_MILLISECONDS
    let clockDue = clock.now() + PERIOD_MILLISECONDS
    this.stop = clock.every(PERIOD_MILLISECONDS, () => {
      const now = performance.now()
      const late = Math.max(0, now - due) / 1000
      this.seconds.observe(late)
      // A drain goes by the clock it was given: of a clock that is turned by hand, nothing is late.
      const clockLate = Math.max(0, clock.now() - clockDue) / 1000
      this.#recent = [...this.#recent.slice(1 - RECENT), Math.min(late, clockLate)]
      due = now + PERIOD_MILLISECONDS
      clockDue = clock.now() + PERIOD_MILLISECONDS
    })
  }

  /** The most it was late in the last second. */
  get recentSeconds(): number {
    return Math.max(0, ...this.#recent)
  }
}
