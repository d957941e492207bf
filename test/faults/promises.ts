/** What has to be so after every fault, as `docs/reliability.md` promises it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Fault } from './faults.ts'
import { LINGER_SECONDS } from './group.ts'
import { type Ordeal, Scene } from './scene.ts'
import { type Row, tableOf } from './table.ts'
import { judge, type Verdict } from './verdict.ts'

/** A command to Redis gives up before 2 s; the rest is for a busy machine. */
const LONGEST_503_MS = 2500
/** Until a node knows: a command that is not answered, and the question in between. */
const NOTICED_MS = 3500
/** For a start of all, and each fault with what comes after it. */
const SECONDS_EACH = 45

/**
 * Lets faults befall a group one after the other, and then looks at what was recorded. First all of it
 * happens, so that judging takes no time from those who record.
 */
export function describePromises(
  title: string,
  seed: number,
  ordeals: readonly (readonly Fault[])[],
): void {
  describe(title, () => {
    const rows: Row[] = []
    const over = new Map<readonly Fault[], Ordeal>()
    let scene: Scene

    beforeAll(
      async () => {
        scene = await Scene.set(seed)
        for (const faults of ordeals) over.set(faults, await scene.suffer(faults))
        await scene.end()
      },
      1000 * SECONDS_EACH * (1 + ordeals.length),
    )
    afterAll(async () => {
      console.log(`${title}, seed ${seed} (FAULT_SEED)\n${tableOf(rows)}`)
      await scene[Symbol.asyncDispose]()
    })

    it.each(ordeals.map((faults) => [nameOf(faults), faults] as const))('%s', (name, faults) => {
      const ordeal = over.get(faults)
      if (ordeal === undefined) throw new Error('it has not come to that')
      const verdict = judge(scene.recording, ordeal.trouble, 1000 * LINGER_SECONDS)
      rows.push({ name, verdict })
      expectKept(verdict, ordeal)
    })
  })
}

const nameOf = (faults: readonly Fault[]): string => faults.map(({ name }) => name).join(', and ')

function expectKept(verdict: Verdict, { faults, isSameProcesses }: Ordeal): void {
  const { lost, errors, doubles, falseRemovals, ghosts, wrongViews, twice } = verdict
  const some = (findings: readonly string[]) => findings.slice(0, 10)
  expect.soft(some(lost), `what was answered 200 has come: ${lost.length}`).toEqual([])
  expect.soft(some(errors), `publishing fails only where it may: ${errors.length}`).toEqual([])
  expect.soft(some(doubles), `everything is told once: ${doubles.length}`).toEqual([])
  expect.soft(some(falseRemovals), `nobody is wrongly gone: ${falseRemovals.length}`).toEqual([])
  expect.soft(some(ghosts), `no ghosts: ${ghosts.length}`).toEqual([])
  expect.soft(some(wrongViews), `views are right: ${wrongViews.length}`).toEqual([])
  expect.soft(twice, 'events that came twice').toBe(0)
  expect.soft(verdict.longest503Milliseconds).toBeLessThan(LONGEST_503_MS)
  expect.soft(verdict.published, 'the load went on').toBeGreaterThan(1000)
  expect.soft(verdict.changes, 'members came and went').toBeGreaterThan(100)
  if (faults.some(({ isNoticed }) => isNoticed)) {
    expect.soft(verdict.unreadyMilliseconds, '/ready says so').toBeLessThan(NOTICED_MS)
  }
  const repairSeconds = Math.max(...faults.map((fault) => fault.repairSeconds))
  expect.soft(verdict.readyMilliseconds, 'ready again').toBeLessThan(1000 * repairSeconds)
  const isKilled = faults.some(({ ends }) => ends)
  expect.soft(isSameProcesses, 'no process has ended').toBe(!isKilled)
}
