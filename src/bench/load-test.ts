/** A load test: looks whether it can be done, runs its scenarios one after the other, and judges itself. */
import { connectionsPossible, type Plan, type Scenario, sharesOf } from './plan.ts'
import { preflight } from './preflight.ts'
import { type PhaseOutcome, type Progress, runShares } from './threads.ts'
import { openFilesReason, type Reason } from './verdict.ts'

export interface ScenarioOutcome {
  readonly scenario: Scenario
  readonly phases: readonly PhaseOutcome[]
}

export interface TestOutcome {
  readonly scenarios: readonly ScenarioOutcome[]
  /** As it was done: perhaps with fewer connections than were asked for. */
  readonly plan: Plan
  /** Why less was done than was asked for. */
  readonly reasons: readonly Reason[]
}

/**
 * Runs it; an interrupted one ends with what was measured so far.
 * @throws ResoundError where the server is not there, or takes neither connection nor credentials
 */
export async function runLoadTest(
  asked: Plan,
  scenarios: readonly Scenario[],
  signal: AbortSignal,
  progressed: (scenario: Scenario, progress: Progress) => void,
): Promise<TestOutcome> {
  const possible = connectionsPossible(asked)
  const isShort = possible < asked.connections
  const plan = isShort ? { ...asked, connections: possible } : asked
  await preflight(plan, scenarios, signal)
  const outcomes: ScenarioOutcome[] = []
  for (const scenario of scenarios) {
    if (signal.aborted) break
    const shares = sharesOf(plan, scenario)
    const phases = await runShares(shares, signal, (progress) => progressed(scenario, progress))
    outcomes.push({ scenario, phases })
  }
  const reasons = isShort ? [openFilesReason(possible, asked.connections)] : []
  return { scenarios: outcomes, plan, reasons }
}
