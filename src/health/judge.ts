/**
 * What canaries say of a server: one judgement, and why.
 */
import type { CanaryResult, FailureCause, Legs } from './canary.ts'

export type Outcome = 'ok' | 'warning' | 'critical'

/**
 * Beside what keeps an event from coming back: `silent` a process does not answer · `slow` later than the
 * warning allows · `not-ready` it serves, and sends new clients elsewhere.
 */
export type Cause = FailureCause | 'silent' | 'slow' | 'not-ready'

export interface Budget {
  /** Milliseconds until the event is back: more is a warning. */
  readonly warnMs: number
  /** More is critical; nobody waits longer. */
  readonly critMs: number
}

/** In the same machine an event is back within a few milliseconds. */
export const DEFAULT_BUDGET: Budget = { warnMs: 500, critMs: 2000 }
export const MOST_MS = 30_000

export interface Judged {
  readonly outcome: Outcome
  readonly cause: Cause | null
  /** One sentence. */
  readonly reason: string
  readonly milliseconds: number | null
  readonly legs: Legs
}

export const NO_LEGS: Legs = { connect: null, subscribe: null, publish: null, delivery: null }

/** The server works, but not for everybody who comes now. */
const MERE_WARNINGS: ReadonlySet<Cause> = new Set(['full', 'busy', 'no-app'])

const SAID: Readonly<Partial<Record<Cause, string>>> = {
  full: 'The app is full. ',
  'no-app': 'There is no app that is enabled. ',
}

/** @param isRedisIgnored whether other nodes that are not reached are a warning only */
export function judge(
  { failure, milliseconds, legs }: CanaryResult,
  { warnMs, critMs }: Budget,
  isRedisIgnored: boolean,
): Judged {
  const known = { milliseconds, legs }
  if (failure !== null) {
    const { cause } = failure
    const isMere = MERE_WARNINGS.has(cause) || (isRedisIgnored && cause === 'redis')
    const reason = `${SAID[cause] ?? ''}${failure.reason}`
    return { ...known, outcome: isMere ? 'warning' : 'critical', cause, reason }
  }
  const came = `An event came back over a WebSocket in ${milliseconds} ms`
  if (milliseconds > critMs) {
    return { ...known, outcome: 'critical', cause: 'late', reason: `${came}, more than ${critMs}.` }
  }
  if (milliseconds > warnMs) {
    return { ...known, outcome: 'warning', cause: 'slow', reason: `${came}, more than ${warnMs}.` }
  }
  return { ...known, outcome: 'ok', cause: null, reason: `${came}.` }
}

/** Of a process that did not say anything. */
export const silent = (pid: number, { critMs }: Budget): Judged => ({
  outcome: 'critical',
  cause: 'silent',
  reason: `Process ${pid} does not answer within ${critMs} ms.`,
  milliseconds: null,
  legs: NO_LEGS,
})

const SEVERITY: readonly Outcome[] = ['ok', 'warning', 'critical']

/** The one that stands for all: the worst, a silent process before what others suffer by it, the slowest. */
export function worst<One extends Judged>(all: readonly [One, ...One[]]): One {
  const rank = ({ outcome, cause, milliseconds }: Judged): readonly number[] => [
    SEVERITY.indexOf(outcome),
    cause === 'silent' ? 1 : 0,
    milliseconds ?? 0,
  ]
  return all.reduce((one, other) => (isMore(rank(other), rank(one)) ? other : one))
}

function isMore(left: readonly number[], right: readonly number[]): boolean {
  const index = left.findIndex((value, at) => value !== right[at])
  return index !== -1 && (left[index] ?? 0) > (right[index] ?? 0)
}
