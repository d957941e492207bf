/**
 * The metrics of a process group: those of all workers as one, with what ended ones have counted.
 */
import { CONTENT_TYPE, type Family, growing, merged, totals } from '../metrics/register.ts'
import { LocalWorker } from './local-worker.ts'
import type { Worker } from './worker.ts'

export class GroupMetrics {
  readonly contentType = CONTENT_TYPE
  readonly #workers: () => readonly Worker[]
  /** What workers that are gone have counted: a sum that fell would look like a counter begun anew. */
  #kept: Promise<readonly Family[]> = Promise.resolve([])
  #hasKept = false

  /** @param workers those there are, of all generations */
  constructor(workers: () => readonly Worker[]) {
    this.#workers = workers
  }

  /** Keeps what a worker that is gone has counted. */
  keep(families: readonly Family[]): void {
    this.#hasKept = true
    this.#kept = this.#kept.then((kept) => totals([kept, families]))
  }

  /** All metrics as text. */
  text(): Promise<string> {
    const workers = this.#workers()
    const [alone, ...others] = workers
    if (!this.#hasKept && others.length === 0 && alone instanceof LocalWorker) {
      return alone.metricsText()
    }
    return this.#merged(workers)
  }

  /** Those of each process, and what processes that are gone have counted. */
  families(): Promise<readonly (readonly Family[])[]> {
    return this.#familiesOf(this.#workers())
  }

  async #merged(workers: readonly Worker[]): Promise<string> {
    return merged(await this.#familiesOf(workers))
  }

  async #familiesOf(workers: readonly Worker[]): Promise<readonly (readonly Family[])[]> {
    // Taken together with `workers`, before anything is awaited: who ends meanwhile counts once.
    const kept = this.#kept
    const families = workers.map((worker) => worker.metrics().catch(() => growing(worker.counted)))
    return [...(await Promise.all(families)), await kept]
  }
}
