/**
 * What became of the restarts of a process group: how many there were, how the last one went, and what
 * a restart did not take over.
 */
import { belongsToStart, restartOnly } from '../config/reload.ts'
import { Config } from '../config/schema.ts'
import type { LastRestart } from './group-status.ts'

/** A restart that was carried out; with the reason when it was not even tried. */
export type Restarting =
  | {
      readonly isDone: true
      readonly generation: string
      readonly previous: string
      /** Options that belong to the process that was started, and were not taken over. */
      readonly start: readonly string[]
      /** Whether events pass between the old and the new generation. */
      readonly areJoined: boolean
    }
  | { readonly isDone: false; readonly reason: string }

/** Tells how a restart went. @param message why it failed */
export type RestartEnded = (outcome: LastRestart['outcome'], message?: string) => void

export class Restarts {
  readonly counts = { done: 0, failed: 0 }
  #last: LastRestart | undefined

  get last(): LastRestart | undefined {
    return this.#last
  }

  /** A restart begins. @param from and @param to are generations @returns what is told its end */
  begin(reason: string, from: string, to: string): RestartEnded {
    const begun = performance.now()
    return (outcome, message) => {
      this.counts[outcome] += 1
      this.#last = {
        at: new Date().toISOString(),
        reason,
        outcome,
        from,
        to,
        seconds: Math.round(performance.now() - begun) / 1000,
        ...(message === undefined ? {} : { message }),
      }
    }
  }
}

/**
 * What a generation with this configuration leaves as it was started, and whether events pass to and
 * from the one before. Of another release's configuration nothing is known.
 */
export function takenOver(
  started: Config,
  served: unknown,
): Pick<Restarting & { isDone: true }, 'start' | 'areJoined'> {
  const config = Config.safeParse(served).data
  if (config === undefined) return { start: [], areJoined: true }
  return {
    start: restartOnly(started, config).filter(belongsToStart),
    areJoined: config.redis.url !== undefined || config.redis.cluster.length > 0,
  }
}
