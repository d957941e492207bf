/**
 * Log lines about what became of requests: of each outcome of an app the first at once, then one a
 * minute with the number of those between, so that a broken Laravel app does not flood the log.
 */
import type { Logger } from 'pino'
import type { App } from '../apps/app.ts'
import type { Clock } from '../clock.ts'
import { FAILURES, type FailureName } from './outcome.ts'

const QUIET_MILLISECONDS = 60_000

interface Last {
  at: number
  /** How many have been kept quiet since. */
  unsaid: number
}

export class OutcomeLog {
  readonly #log: Logger
  readonly #clock: Clock
  readonly #last = new WeakMap<App, Map<FailureName, Last>>()

  constructor(log: Logger, clock: Clock) {
    this.#log = log
    this.#clock = clock
  }

  note(app: App, outcome: FailureName, fields: Readonly<Record<string, unknown>>): void {
    const { log: message, isOrdinary = false } = FAILURES[outcome]
    if (message === undefined) return
    const now = this.#clock.now()
    const byOutcome = this.#last.get(app) ?? new Map<FailureName, Last>()
    this.#last.set(app, byOutcome)
    const last = byOutcome.get(outcome)
    if (last !== undefined && now - last.at < QUIET_MILLISECONDS) {
      last.unsaid += 1
      return
    }
    byOutcome.set(outcome, { at: now, unsaid: 0 })
    const unsaid = last === undefined || last.unsaid === 0 ? {} : { since: last.unsaid }
    this.#log[isOrdinary ? 'info' : 'warn'](
      { appId: app.id, outcome, ...fields, ...unsaid },
      message,
    )
  }
}
