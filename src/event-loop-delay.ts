/**
 * How late the event loop is: by how much timers fire after they are due, ten times a second.
 */
import { Buckets } from './buckets.ts'
import type { Clock } from './clock.ts'

const PERIOD_MILLISECONDS = 100

export class EventLoopDelay {
  readonly seconds = new Buckets([
    ...[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  ])
  readonly stop: () => void

  constructor(clock: Clock) {
    let due = performance.now() + PERIOD_MILLISECONDS
    this.stop = clock.every(PERIOD_MILLISECONDS, () => {
      const now = performance.now()
      this.seconds.observe(Math.max(0, now - due) / 1000)
      due = now + PERIOD_MILLISECONDS
    })
  }
}
