/**
 * A generation: the workers that serve one configuration, from its start or restart to the next.
 *
 * It owns which workers there are, and fills the place of one that ended by itself. What is to become
 * of generations, the group decides.
 */
import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import { z } from 'zod'
import { backoff } from '../backoff.ts'
import { realClock } from '../clock.ts'
import { ResoundError } from '../errors.ts'
import type { Readiness } from '../http-api/health.ts'
import type { Family } from '../metrics/metric.ts'
import type { ForkedWorker } from './forked-worker.ts'
import type { LocalWorker } from './local-worker.ts'
import type { Ending, Worker } from './worker.ts'

const FIRST_RESPAWN_MILLISECONDS = 200
const LONGEST_RESPAWN_MILLISECONDS = 30_000
/** A worker that lived so long did not fail at its start, so the next one need not wait. */
const SOUND_MILLISECONDS = 60_000
/** For a worker to be there, when it takes the place of one that ended. */
const FILL_MILLISECONDS = 30_000

/** Of a configuration, what starting workers needs. It may be another release's. */
const WorkerCount = z.object({ workers: z.int().min(1).default(1) })

/** @param config as another worker has read it; undefined lets it read for itself */
export type Fork = (config: unknown, when: 'now' | 'ready') => ForkedWorker

export interface GenerationParts {
  readonly number: number
  readonly log: Logger
  readonly fork: Fork
  /** Told when the readiness of a worker may have changed. */
  readonly changed: () => void
  /** Told what a worker that ended has counted. */
  readonly counted: (families: readonly Family[]) => void
  /** Told of a worker that ended by itself. */
  readonly died: () => void
}

/** Room for one worker, which is empty while the next one is waited for. */
interface Place {
  worker: Worker | undefined
  isListening: boolean
  /** How many have ended here in a row, soon after their start. */
  failures: number
  cancel: (() => void) | undefined
}

export class Generation {
  /** Told by its number, and told apart from one of the same number of another start. */
  readonly id: string
  readonly number: number
  readonly startedAt = Date.now()
  /** What its workers serve. */
  config: unknown
  /** How often the place of a worker was filled again, and how the last one ended. */
  respawns = 0
  lastEnding: (Ending & { readonly at: string }) | undefined
  /** Resolves when the last of its workers has ended, after `drain` or `stop`. */
  readonly ended: Promise<void>
  readonly #parts: GenerationParts
  readonly #places: Place[] = []
  #isEnding = false
  #hasStarted = false
  #resolveEnded: () => void = () => undefined

  constructor(parts: GenerationParts) {
    this.#parts = parts
    this.number = parts.number
    this.id = `${parts.number}-${randomBytes(4).toString('hex')}`
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve
    })
  }

  /** The generation that serves in this process. */
  static local(parts: GenerationParts, worker: LocalWorker, config: unknown): Generation {
    const generation = new Generation(parts)
    generation.config = config
    generation.#hasStarted = true
    const place = generation.#place()
    place.isListening = true
    generation.#settle(place, worker)
    return generation
  }

  /**
   * Forks its workers, and resolves when all of them listen.
   * @param config undefined lets the first worker read it
   * @param when `ready`: they listen when they are ready for clients
   * @throws ResoundError why it cannot; it has ended then
   */
  async start(config: unknown, when: 'now' | 'ready', milliseconds: number): Promise<void> {
    let cancel: (() => void) | undefined
    const late = new Promise<never>((_, reject) => {
      cancel = realClock.after(milliseconds, () => reject(this.#notReady(milliseconds)))
    })
    try {
      const first = this.#fork(this.#place(), config, when)
      this.config = await Promise.race([first.configured, late])
      const { workers } = WorkerCount.parse(this.config)
      const others = Array.from({ length: workers - 1 }, () =>
        this.#fork(this.#place(), this.config, when),
      )
      await Promise.race([Promise.all([first, ...others].map(({ listening }) => listening)), late])
      this.#hasStarted = true
    } catch (fault) {
      this.stop()
      throw fault
    } finally {
      cancel?.()
    }
  }

  get workers(): readonly Worker[] {
    return this.#places.flatMap(({ worker }) => worker ?? [])
  }

  /** Those that listen; one that is starting has nothing to tell, and keeps who asks waiting. */
  get listening(): readonly Worker[] {
    return this.#places.flatMap(({ worker, isListening }) =>
      isListening && worker !== undefined ? [worker] : [],
    )
  }

  /** How many workers there should be. */
  get wanted(): number {
    return this.#places.length
  }

  /** How many serve, as far as is known: one that answers nothing does not. */
  get serving(): number {
    return this.listening.filter(({ isSilent }) => !isSilent).length
  }

  /** Whether new clients should come to this generation: while any of its workers would take them. */
  get readiness(): Readiness {
    const listening = this.#places.filter(({ isListening }) => isListening)
    const states = listening.flatMap(({ worker }) => worker?.readiness ?? [])
    const ready = states.filter((state) => state.ready)
    if (this.wanted > 1 && ready.length > 0 && ready.length < this.wanted) {
      return { ready: true, reason: `${ready.length} of ${this.wanted} workers are serving` }
    }
    return ready[0] ?? states[0] ?? { ready: false, reason: 'no worker is serving' }
  }

  /** Lets all connections go at a pace. `ended` tells when that is done. */
  drain(): void {
    this.#finish((worker) => worker.drain())
  }

  stop(): void {
    this.#finish((worker) => worker.stop())
  }

  #finish(finish: (worker: Worker) => void): void {
    this.#isEnding = true
    for (const place of this.#places) place.cancel?.()
    for (const worker of this.workers) finish(worker)
    if (this.workers.length === 0) this.#resolveEnded()
  }

  #place(): Place {
    const place = { worker: undefined, isListening: false, failures: 0, cancel: undefined }
    this.#places.push(place)
    return place
  }

  #fork(place: Place, config: unknown, when: 'now' | 'ready'): ForkedWorker {
    const worker = this.#parts.fork(config, when)
    this.#settle(place, worker)
    worker.listening.then(
      () => {
        place.isListening = place.worker === worker
        this.#parts.changed()
      },
      () => undefined, // told by `start`, or by its end
    )
    return worker
  }

  #settle(place: Place, worker: Worker): void {
    const born = Date.now()
    place.worker = worker
    void worker.ended.then((ending) => {
      this.#parts.counted(worker.counted)
      place.worker = undefined
      place.isListening = false
      this.#parts.changed()
      if (this.#isEnding) {
        if (this.workers.length === 0) this.#resolveEnded()
      } else if (this.#hasStarted) {
        if (Date.now() - born > SOUND_MILLISECONDS) place.failures = 0
        this.#refill(place, worker.pid, ending)
      }
    })
  }

  #refill(place: Place, pid: number, ending: Ending): void {
    place.failures += 1
    this.#parts.died()
    this.lastEnding = { ...ending, at: new Date().toISOString() }
    const milliseconds = Math.round(
      backoff(place.failures, FIRST_RESPAWN_MILLISECONDS, LONGEST_RESPAWN_MILLISECONDS),
    )
    this.#parts.log.error(
      {
        code: 'RESOUND_WORKER_ENDED',
        pid,
        exitCode: ending.code,
        signal: ending.signal,
        milliseconds,
      },
      'a worker ended; another one takes its place',
    )
    place.cancel = realClock.after(milliseconds, () => {
      place.cancel = undefined
      this.respawns += 1
      const worker = this.#fork(place, this.config, 'now')
      const cancel = realClock.after(FILL_MILLISECONDS, () => {
        if (!place.isListening) worker.stop()
      })
      void worker.ended.then(cancel)
      worker.listening.then(
        () => this.#parts.log.info({ pid: worker.pid }, 'a worker has taken its place'),
        (fault) => this.#parts.log.error({ err: fault }, 'a worker could not take its place'),
      )
    })
  }

  #notReady(milliseconds: number): ResoundError {
    const [reason] = this.workers.flatMap(({ readiness }) =>
      readiness.ready ? [] : [readiness.reason],
    )
    return new ResoundError(
      'RESOUND_WORKER_NOT_READY',
      `The new workers were not ready within ${milliseconds / 1000} s: ${reason ?? 'starting'}.`,
    )
  }
}
