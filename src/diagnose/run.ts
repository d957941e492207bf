/**
 * Asks the checks one after the other, and leaves aside what depends on one that failed.
 */
import type { Area, Check, Finding } from './check.ts'

/** No check may hold the others up for longer. */
export const CHECK_MILLISECONDS = 15_000

/** `not-tested` where a check that this one needs was not ok; `because` names it. */
export const OUTCOMES = ['ok', 'warning', 'critical', 'unknown', 'skip', 'not-tested'] as const

export interface Result extends Omit<Finding, 'outcome'> {
  readonly id: string
  readonly area: Area
  readonly question: string
  readonly outcome: (typeof OUTCOMES)[number]
  readonly because?: string
  readonly milliseconds: number
}

export interface Choice {
  /** Ids, or areas; everything when left out. What they need is run as well. */
  readonly only?: readonly string[]
  readonly skip?: readonly string[]
}

/**
 * Runs the chosen checks in their order.
 * @param told is called with each result as it is there
 */
export async function runChecks<Scene>(
  checks: readonly Check<Scene>[],
  scene: Scene,
  choice: Choice,
  told: (result: Result) => void,
): Promise<readonly Result[]> {
  const chosen = choose(checks, choice)
  const results = new Map<string, Result>()
  for (const check of chosen) {
    const result = await runOne(check, scene, results)
    results.set(check.id, result)
    told(result)
  }
  return [...results.values()]
}

/** The checks that are asked for, and those that these need. */
export function choose<Scene>(
  checks: readonly Check<Scene>[],
  { only, skip = [] }: Choice,
): readonly Check<Scene>[] {
  const isNamed = (check: Check<Scene>, names: readonly string[]): boolean =>
    names.includes(check.id) || names.includes(check.area)
  const wanted = new Set<string>()
  const want = (check: Check<Scene>): void => {
    if (wanted.has(check.id)) return
    wanted.add(check.id)
    for (const id of check.needs ?? []) {
      const needed = checks.find((one) => one.id === id)
      if (needed === undefined) throw new Error(`${check.id} needs ${id}, which does not exist`)
      want(needed)
    }
  }
  for (const check of checks) if (only === undefined || isNamed(check, only)) want(check)
  return checks.filter((check) => wanted.has(check.id) && !isNamed(check, skip))
}

async function runOne<Scene>(
  check: Check<Scene>,
  scene: Scene,
  results: ReadonlyMap<string, Result>,
): Promise<Result> {
  const { id, area, question } = check
  const because = (check.needs ?? []).find((needed) => {
    const outcome = results.get(needed)?.outcome
    // One that was left out at the operator's wish, or does not concern this set-up, stops nothing.
    return outcome !== undefined && !['ok', 'warning', 'skip'].includes(outcome)
  })
  if (because !== undefined) {
    const summary = `Not tested: ${because} comes first.`
    return { id, area, question, outcome: 'not-tested', summary, because, milliseconds: 0 }
  }
  const begun = performance.now()
  const finding = await findingOf(check, scene)
  const milliseconds = Math.round(performance.now() - begun)
  return { ...finding, id, area, question, milliseconds }
}

async function findingOf<Scene>(check: Check<Scene>, scene: Scene): Promise<Finding> {
  const patience = Math.max(CHECK_MILLISECONDS, check.patience?.(scene) ?? 0)
  const signal = AbortSignal.timeout(patience)
  try {
    return await Promise.race([Promise.resolve(check.run(scene, signal)), late(signal, patience)])
  } catch (fault) {
    const message = fault instanceof Error ? fault.message : String(fault)
    return { outcome: 'unknown', summary: 'The check itself failed.', evidence: [message] }
  }
}

function late(signal: AbortSignal, patience: number): Promise<Finding> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      const summary = `It took longer than ${patience / 1000} s.`
      resolve({ outcome: 'unknown', summary })
    })
  })
}

/** The first fault on the way that a message takes: what to mend first. */
export const firstBroken = (results: readonly Result[]): Result | undefined =>
  results.find(({ outcome }) => outcome === 'critical')

/** Nagios: 0 ok, 1 warning, 2 critical, 3 unknown. The worst of all, where critical is the worst. */
export function exitCodeOf(results: readonly Result[]): 0 | 1 | 2 | 3 {
  const has = (outcome: Result['outcome']): boolean =>
    results.some((result) => result.outcome === outcome)
  if (has('critical')) return 2
  if (has('unknown')) return 3
  return has('warning') ? 1 : 0
}
