/**
 * When messages of a Redis are lost: it has no replay, so whatever is published while we do not
 * surely hear it must be taken for lost. All times are milliseconds since the epoch.
 */
import type { Clock } from '../clock.ts'

export interface LostSpan {
  readonly from: number
  readonly until: number
}

export class LostTime {
  readonly #clock: Clock
  /** When Redis last gave a sign of life. */
  #heardAt: number
  #lastMessageAt: number | undefined
  /** When it was last known to be the right one; undefined where there is only one. */
  #placedAt: number | undefined
  #lostAt: number | undefined
  #ended = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#heardAt = clock.now()
  }

  get lastMessageAt(): number | undefined {
    return this.#lastMessageAt
  }

  // hot path: once per message.
  message(): void {
    this.#lastMessageAt = this.#clock.now()
  }

  answer(): void {
    this.#heardAt = this.#clock.now()
  }

  /** It was still the right one then. */
  placed(at: number): void {
    this.#placedAt = at
  }

  /** Nothing is heard any more. */
  begin(): void {
    const heardAt = Math.max(this.#heardAt, this.#lastMessageAt ?? 0)
    this.#lostAt ??= Math.min(heardAt, this.#placedAt ?? heardAt)
  }

  /** Everything is heard again. @returns what is lost; undefined when nothing is */
  end(): LostSpan | undefined {
    const from = this.#lostAt
    if (from === undefined) return undefined
    const until = this.#clock.now()
    this.#lostAt = undefined
    this.#ended += until - from
    return { from, until }
  }

  /** Altogether, with what is being lost now. */
  get seconds(): number {
    const current = this.#lostAt === undefined ? 0 : this.#clock.now() - this.#lostAt
    return (this.#ended + current) / 1000
  }
}
