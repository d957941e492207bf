/**
 * Whoever may be back in a moment: what is to be done about each unless they are. One timer for all.
 */
import type { Clock } from '../clock.ts'

interface Waiting {
  readonly due: number
  readonly done: () => void
}

export class Linger<Key> {
  readonly #milliseconds: number
  readonly #clock: Clock
  /** In the order in which they fall due. */
  readonly #waiting = new Map<Key, Waiting>()
  #cancelTimer: (() => void) | undefined

  constructor(milliseconds: number, clock: Clock) {
    this.#milliseconds = milliseconds
    this.#clock = clock
  }

  /** Does it after the time, or at once where there is none. */
  add(key: Key, done: () => void): void {
    if (this.#milliseconds === 0) {
      done()
      return
    }
    this.#waiting.delete(key)
    this.#waiting.set(key, { due: this.#clock.now() + this.#milliseconds, done })
    this.#cancelTimer ??= this.#clock.after(this.#milliseconds, () => this.#tellDue())
  }

  has(key: Key): boolean {
    return this.#waiting.has(key)
  }

  /** @returns whether it was waiting */
  cancel(key: Key): boolean {
    const wasWaiting = this.#waiting.delete(key)
    if (wasWaiting && this.#waiting.size === 0) this.#stopTimer()
    return wasWaiting
  }

  /** Forgets all of them. */
  stop(): void {
    this.#waiting.clear()
    this.#stopTimer()
  }

  #stopTimer(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  #tellDue(): void {
    this.#cancelTimer = undefined
    const now = this.#clock.now()
    for (const [key, { due, done }] of this.#waiting) {
      if (due > now) {
        this.#cancelTimer = this.#clock.after(due - now, () => this.#tellDue())
        return
      }
      this.#waiting.delete(key)
      done()
    }
  }
}
