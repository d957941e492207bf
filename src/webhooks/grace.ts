/**
 * Holds back `channel_vacated` and `member_removed` for a while: a page that reloads is gone for a
 * second, and the app is not to hear of it. What comes back in time cancels both.
 *
 * Whatever else happens passes at once. Each has waited equally long when it is told, so two that
 * wait keep their order.
 */
import type { App } from '../apps/app.ts'
import type { Clock } from '../clock.ts'
import type { Occurred, Occurrence } from '../hub/occurrence.ts'
import type { Budget } from './budget.ts'

interface Held {
  readonly app: App
  readonly occurrence: Occurrence
  readonly due: number
  readonly bytes: number
}

/** What one costs beside its names: the objects that hold it. */
const HELD_BYTES = 200

export class Grace {
  readonly #milliseconds: number
  readonly #clock: Clock
  readonly #budget: Budget
  readonly #pass: Occurred
  /** In the order they fall due. */
  readonly #held = new Map<string, Held>()
  #cancelTimer: (() => void) | undefined

  /** @param pass is given what is to be told */
  constructor(milliseconds: number, clock: Clock, budget: Budget, pass: Occurred) {
    this.#milliseconds = milliseconds
    this.#clock = clock
    this.#budget = budget
    this.#pass = pass
  }

  /** Passes an occurrence on: at once, later, or not at all together with the one it undoes. */
  occurred(app: App, occurrence: Occurrence): void {
    const { name } = occurrence
    if (name === 'channel_vacated' || name === 'member_removed') {
      this.#hold(app, occurrence)
    } else if (name === 'channel_occupied' || name === 'member_added') {
      if (!this.#release(keyOf(app, occurrence))) this.#pass(app, occurrence)
    } else {
      this.#pass(app, occurrence)
    }
  }

  /** Tells everything that waits, now. */
  decide(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    for (const key of this.#held.keys()) this.#tell(key)
  }

  #hold(app: App, occurrence: Occurrence): void {
    const key = keyOf(app, occurrence)
    const bytes = HELD_BYTES + 2 * key.length
    // Without room it is told at once: early is better than never.
    if (this.#milliseconds === 0 || !this.#budget.take(bytes)) {
      this.#pass(app, occurrence)
      return
    }
    this.#release(key) // what undid it was not reported while no webhook wanted it
    this.#held.set(key, { app, occurrence, due: this.#clock.now() + this.#milliseconds, bytes })
    this.#cancelTimer ??= this.#clock.after(this.#milliseconds, () => this.#tellDue())
  }

  #tellDue(): void {
    this.#cancelTimer = undefined
    const now = this.#clock.now()
    for (const [key, { due }] of this.#held) {
      if (due > now) {
        this.#cancelTimer = this.#clock.after(due - now, () => this.#tellDue())
        return
      }
      this.#tell(key)
    }
  }

  #tell(key: string): void {
    const held = this.#held.get(key)
    if (held !== undefined && this.#release(key)) this.#pass(held.app, held.occurrence)
  }

  /** @returns whether it was held */
  #release(key: string): boolean {
    const held = this.#held.get(key)
    if (held === undefined) return false
    this.#budget.release(held.bytes)
    return this.#held.delete(key)
  }
}

/** The same for an event and the one that undoes it. No channel name holds a line break. */
function keyOf({ id }: App, occurrence: Occurrence): string {
  const { channel } = occurrence
  return 'userId' in occurrence ? `${id}\n${channel}\n${occurrence.userId}` : `${id}\n${channel}`
}
