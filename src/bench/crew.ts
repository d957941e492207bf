/**
 * The threads of one load, as one of them sees the others: they begin phases together, and those that share
 * a channel hear from the one that publishes there what was published.
 */
import type { Published } from './ledger.ts'

/** What was published in the channels of one name, stream by stream. */
export interface Sent {
  readonly name: string
  readonly streams: readonly Published[]
}

export interface Crew {
  /**
   * Resolves when every thread has come to the same point; all come to all of them, in one order, also when
   * they are interrupted.
   * @returns what each of those that publish has to say
   */
  meet(sent?: Sent): Promise<readonly Sent[]>
}

/** Of a load that is one thread's. */
export const ALONE: Crew = {
  meet: (sent) => Promise.resolve(sent === undefined ? [] : [sent]),
}

/** Where threads meet: in the thread that started them. */
export class Meeting {
  readonly #threads: number
  readonly #tell: (sent: readonly Sent[]) => void
  #come = 0
  #sent: Sent[] = []

  /** @param tell tells all threads, each time that all have come */
  constructor(threads: number, tell: (sent: readonly Sent[]) => void) {
    this.#threads = threads
    this.#tell = tell
  }

  come(sent: Sent | undefined): void {
    this.#come += 1
    if (sent !== undefined) this.#sent.push(sent)
    if (this.#come < this.#threads) return
    const all = this.#sent
    this.#come = 0
    this.#sent = []
    this.#tell(all)
  }
}
