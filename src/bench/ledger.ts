/**
 * Which events of a load have come to whom: what is missing, and what came twice. Pure.
 *
 * Events are numbered from 1 within a stream (a channel, or the channels that a request names together).
 * Several publishers may overtake each other, so what is skipped is remembered until it comes.
 */

/** What was published in a stream, for those who hear it in another thread than it was published by. */
export interface Published {
  /** The number of the last event. */
  readonly sent: number
  readonly doubtful: readonly number[]
}

/** What one connection has heard of one stream. */
class Hearing {
  /** The highest number heard. */
  last: number
  /** Numbers below it that have not come. */
  readonly missing = new Set<number>()

  constructor(last: number) {
    this.last = last
  }

  lacks(number: number): boolean {
    return number > this.last || this.missing.has(number)
  }

  // hot path: once per delivery.
  /** @returns whether it is heard for the first time */
  hear(number: number): boolean {
    if (number === this.last + 1) {
      this.last = number
      return true
    }
    if (number <= this.last) return this.missing.delete(number)
    for (let skipped = this.last + 1; skipped < number; skipped += 1) this.missing.add(skipped)
    this.last = number
    return true
  }
}

/** The events of a stream, and who hears them. */
export class Stream {
  readonly #hearings = new Map<number, Hearing>()
  /** Events that may or may not have been published: their publisher had no proper answer. */
  readonly #doubtful = new Set<number>()
  #sent = 0
  /** What was sent up to here belongs to no measure. */
  #base = 0
  #counted = 0
  #doubled = 0

  /** How many hear it. */
  get size(): number {
    return this.#hearings.size
  }

  get published(): Published {
    return { sent: this.#sent, doubtful: [...this.#doubtful] }
  }

  join(connection: number): void {
    if (!this.#hearings.has(connection)) this.#hearings.set(connection, new Hearing(this.#sent))
  }

  leave(connection: number): void {
    this.#hearings.delete(connection)
  }

  /**
   * Begins a measure: what was sent before is not looked at any more.
   * @param sent how much that is, where another thread publishes
   */
  begin(sent = this.#sent): void {
    this.#sent = sent
    this.#base = sent
    this.#counted = 0
    this.#doubled = 0
    for (const hearing of this.#hearings.values()) {
      hearing.last = this.#sent
      hearing.missing.clear()
    }
  }

  /** The number of the next event. @param except the connection that sends it, which does not hear it */
  next(except?: number): number {
    this.#sent += 1
    if (except !== undefined) this.#hearings.get(except)?.hear(this.#sent)
    return this.#sent
  }

  /**
   * Nobody need hear this one: it was refused, or nobody knows.
   * @returns how many have not heard it
   */
  doubt(number: number): number {
    this.#doubtful.add(number)
    return [...this.#hearings.values()].filter((hearing) => hearing.lacks(number)).length
  }

  /**
   * Learns what another thread has published here since the measure began.
   * @returns how many deliveries that should bring
   */
  learn({ sent, doubtful }: Published): number {
    this.#sent = sent
    const doubts = doubtful.filter((number) => number > this.#base)
    const unheard = doubts.reduce((sum, number) => sum + this.doubt(number), 0)
    return (sent - this.#base) * this.size - unheard
  }

  /** @returns whether it counts as a delivery: heard by somebody who should, for the first time */
  heard(connection: number, number: number): boolean {
    const hearing = this.#hearings.get(connection)
    if (hearing === undefined || number <= this.#base) return false
    const isFirst = hearing.hear(number)
    if (this.#doubtful.size > 0 && this.#doubtful.has(number)) return false
    if (isFirst) this.#counted += 1
    else this.#doubled += 1
    return isFirst
  }

  /** What has come of this measure until now. */
  account(): { readonly counted: number; readonly missed: number; readonly doubled: number } {
    let missed = 0
    for (const hearing of this.#hearings.values()) {
      missed += this.#sent - hearing.last + hearing.missing.size
      for (const number of this.#doubtful) {
        if (number > this.#base && hearing.lacks(number)) missed -= 1
      }
    }
    return { counted: this.#counted, missed, doubled: this.#doubled }
  }
}
