/**
 * Viewers of a process group: each looks at every worker there is, those that come later too.
 */
import { realClock } from '../clock.ts'
import type { Filter } from '../tail/filter.ts'
import type { Sight } from '../tail/watch.ts'
import type { Worker } from './worker.ts'

/** How soon a new worker is looked at. */
const REVIEW_MILLISECONDS = 250

export class GroupWatch {
  readonly #workers: () => readonly Worker[]
  /** @param workers those there are, of all generations */
  constructor(workers: () => readonly Worker[]) {
    this.#workers = workers
  }

  /** @returns what ends it */
  watch(filter: Filter, tell: (batch: readonly Sight[]) => void): () => void {
    const watched = new Map<Worker, () => void>()
    const review = (): void => {
      const workers = this.#workers()
      for (const worker of workers) {
        if (!watched.has(worker)) watched.set(worker, worker.watch(filter, tell))
      }
      for (const worker of watched.keys()) if (!workers.includes(worker)) watched.delete(worker)
    }
    review()
    const stop = realClock.every(REVIEW_MILLISECONDS, review)
    return () => {
      stop()
      for (const end of watched.values()) end()
    }
  }
}
