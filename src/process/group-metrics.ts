/**
 * The metrics of a process group: those of all workers as one, with what ended ones have counted, and
 * how the workers are doing.
 */
import { withAllClosed } from '../metrics/ended.ts'
import { growing, merged, totals } from '../metrics/merged.ts'
import { type Family, textOf } from '../metrics/metric.ts'
import { CONTENT_TYPE } from '../metrics/register.ts'
import { WORKER_METRICS, type WorkerSources } from '../metrics/workers.ts'
import { LocalWorker } from './local-worker.ts'
import type { Worker } from './worker.ts'

export interface GroupMetricsSources {
  /** Workers that have something to tell, of all generations. */
  readonly workers: () => readonly Worker[]
  readonly state: () => WorkerSources
  /** In front of every name. */
  readonly prefix: () => string
}

export class GroupMetrics {
  readonly contentType = CONTENT_TYPE
  readonly #sources: GroupMetricsSources
  /** What workers that are gone have counted: a sum that fell would look like a counter begun anew. */
  #kept: readonly Family[] = []

  constructor(sources: GroupMetricsSources) {
    this.#sources = sources
  }

  /** Keeps what a worker that is gone has counted. */
  keep(families: readonly Family[]): void {
    this.#kept = totals([this.#kept, withAllClosed(families)])
  }

  /** All metrics as text. */
  async text(): Promise<string> {
    const workers = this.#sources.workers()
    const [alone, ...others] = workers
    const isAlone = this.#kept.length === 0 && others.length === 0
    const ofWorkers =
      isAlone && alone instanceof LocalWorker
        ? await alone.metricsText()
        : await this.#merged(workers)
    const state = this.#sources.state()
    const prefix = this.#sources.prefix()
    return [...WORKER_METRICS.map((metric) => textOf(metric, state, prefix)), ofWorkers].join('\n')
  }

  /** In front of every name. */
  get prefix(): string {
    return this.#sources.prefix()
  }

  /** Those of each process, and what processes that are gone have counted. */
  families(): Promise<readonly (readonly Family[])[]> {
    return this.#familiesOf(this.#sources.workers())
  }

  async #merged(workers: readonly Worker[]): Promise<string> {
    return merged(await this.#familiesOf(workers))
  }

  async #familiesOf(workers: readonly Worker[]): Promise<readonly (readonly Family[])[]> {
    // Taken together with `workers`, before anything is awaited: who ends meanwhile counts once.
    const kept = this.#kept
    const families = workers.map((worker) => worker.metrics().catch(() => growing(worker.counted)))
    return [...(await Promise.all(families)), kept]
  }
}
