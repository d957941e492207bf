/**
 * What a check of `diagnose` is: a name, a question, what it needs to be answered first, and what it finds.
 *
 * A finding is data: what was seen, why that is so, and the fix to paste. The runner decides what is asked
 * and in which order; the command prints. A check neither prints nor throws for what it looks for: a
 * fault of its own is told as `unknown`.
 */

/** In the order in which a message passes them. */
export const AREAS = ['server', 'config', 'way-in', 'auth', 'delivery', 'host', 'cluster'] as const
export type Area = (typeof AREAS)[number]

/** `skip` does not concern this set-up; `unknown` could not be found out. */
export type Outcome = 'ok' | 'warning' | 'critical' | 'unknown' | 'skip'

/** A fix to paste, and where. */
export interface Fix {
  /** One sentence: what to do. */
  readonly text: string
  /** What to paste, as it is; secrets of the reader's own set-up are named, not shown. */
  readonly paste?: string
  /** Where it goes: a file's name, or `shell`. */
  readonly into?: string
}

export interface Finding {
  readonly outcome: Outcome
  /** One sentence: what was found. */
  readonly summary: string
  /** What was seen, a fact a line: addresses, statuses, times, the first bytes of an answer. No secrets. */
  readonly evidence?: readonly string[]
  /** Why that is so, as far as is known. */
  readonly cause?: string
  /** A short name of the cause, stable, for programs and the tests: `not-logged-in`. */
  readonly causeId?: string
  readonly fix?: Fix
  /** In milliseconds, leg by leg, where time was taken. */
  readonly timings?: Readonly<Record<string, number>>
}

/** @template Scene what is known of the set-up, and the ways to ask it */
export interface Check<Scene> {
  /** Stable, lower case, `area.what`. */
  readonly id: `${Area}.${string}`
  readonly area: Area
  /** The question, for `--list`: under 70 characters, without a full stop. */
  readonly question: string
  /** Ids of checks that must be ok (or a warning) before this one says anything. */
  readonly needs?: readonly string[]
  /** How long it may take where that is longer than usual, in milliseconds. */
  patience?(scene: Scene): number
  run(scene: Scene, signal: AbortSignal): Promise<Finding> | Finding
}

export const ok = (summary: string, more: Omit<Finding, 'outcome' | 'summary'> = {}): Finding => ({
  outcome: 'ok',
  summary,
  ...more,
})
export const skip = (summary: string): Finding => ({ outcome: 'skip', summary })
