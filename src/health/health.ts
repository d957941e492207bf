/**
 * Whether a server serves, as `/health` and `resound health` say it: every process that serves sends a
 * canary through the public port, and one that does not answer is told by its silence.
 *
 * Whoever asks while canaries fly, or within a second after, gets what those find out: health may be asked
 * as often as anybody likes.
 */
import type { Readiness } from '../http-api/health.ts'
import type { CanaryResult } from './canary.ts'
import { type Budget, type Judged, judge, NO_LEGS, silent, worst } from './judge.ts'

/** A process that serves. */
export interface Serving {
  readonly pid: number
  /** @throws Error where it does not answer */
  canary(milliseconds: number): Promise<CanaryResult>
}

export interface HealthSources {
  /** Those that listen, or should. */
  serving(): readonly Serving[]
  readiness(): Readiness
}

export interface HealthReport extends Judged, Budget {
  /** When its canaries were sent, as an ISO time. */
  readonly at: string
  readonly processes: readonly (Judged & { readonly pid: number })[]
}

/** Answers may be so old. */
const FRESH_MILLISECONDS = 1000
/** Budgets that are asked for at the same time; nobody needs more than a few. */
const MOST_BUDGETS = 8

interface Flock {
  readonly at: number
  readonly results: Promise<readonly Landed[]>
  landedAt: number | undefined
}

interface Landed {
  readonly pid: number
  /** Undefined for a process that did not answer. */
  readonly result: CanaryResult | undefined
}

export class Health {
  readonly #sources: HealthSources
  /** By how long is waited for them. */
  readonly #flocks = new Map<number, Flock>()

  constructor(sources: HealthSources) {
    this.#sources = sources
  }

  /** @returns undefined while too many others wait for other times than this */
  async report(budget: Budget, isRedisIgnored: boolean): Promise<HealthReport | undefined> {
    const flock = this.#flockFor(budget.critMs)
    if (flock === undefined) return undefined
    const landed = await flock.results
    const [first, ...others] = landed.map(({ pid, result }) => ({
      pid,
      ...(result === undefined ? silent(pid, budget) : judge(result, budget, isRedisIgnored)),
    }))
    const at = new Date(flock.at).toISOString()
    const readiness = this.#sources.readiness()
    if (first === undefined) return { ...nobody(readiness), ...budget, at, processes: [] }
    const processes = [first, ...others] as const
    const { pid: _, ...judged } = worst(processes)
    return { ...withReadiness(judged, readiness), ...budget, at, processes }
  }

  #flockFor(milliseconds: number): Flock | undefined {
    const now = performance.now()
    for (const [key, { landedAt }] of this.#flocks) {
      if (landedAt !== undefined && now - landedAt > FRESH_MILLISECONDS) this.#flocks.delete(key)
    }
    const flying = this.#flocks.get(milliseconds)
    if (flying !== undefined) return flying
    if (this.#flocks.size === MOST_BUDGETS) return undefined
    const flock: Flock = { at: Date.now(), results: this.#send(milliseconds), landedAt: undefined }
    this.#flocks.set(milliseconds, flock)
    void flock.results.then(() => {
      flock.landedAt = performance.now()
    })
    return flock
  }

  #send(milliseconds: number): Promise<readonly Landed[]> {
    return Promise.all(
      this.#sources.serving().map(async (process): Promise<Landed> => {
        const { pid } = process
        const result = await process.canary(milliseconds).catch(() => undefined) // its silence is what is told
        return { pid, result }
      }),
    )
  }
}

const nobody = ({ reason }: Readiness): Judged => ({
  outcome: 'critical',
  cause: 'silent',
  reason: `No process serves: ${reason}.`,
  milliseconds: null,
  legs: NO_LEGS,
})

/** A server may serve those who are there, and send others elsewhere. */
function withReadiness(judged: Judged, { ready, reason }: Readiness): Judged {
  if (ready) return judged
  if (judged.outcome !== 'ok')
    return { ...judged, reason: `${judged.reason} Not ready: ${reason}.` }
  return {
    ...judged,
    outcome: 'warning',
    cause: 'not-ready',
    reason: `${judged.reason} Not ready: ${reason}.`,
  }
}
