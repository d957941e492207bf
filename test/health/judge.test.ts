import { describe, expect, it } from 'vitest'
import type { CanaryResult, FailureCause } from '../../src/health/canary.ts'
import { judge, silent, worst } from '../../src/health/judge.ts'

const BUDGET = { warnMs: 100, critMs: 200 }
const LEGS = { connect: 1, subscribe: 1, publish: 1, delivery: 1 }

const back = (milliseconds: number): CanaryResult => ({ failure: null, milliseconds, legs: LEGS })
const failed = (cause: FailureCause): CanaryResult => ({
  failure: { cause, leg: 'connect', reason: 'So it is.' },
  milliseconds: 3,
  legs: LEGS,
})

describe('an event that came back', () => {
  it.each([
    [100, 'ok', null],
    [101, 'warning', 'slow'],
    [200, 'warning', 'slow'],
    [201, 'critical', 'late'],
  ])('after %i ms, of 100 and 200, is %s', (milliseconds, outcome, cause) => {
    expect(judge(back(milliseconds), BUDGET, false)).toMatchObject({ outcome, cause, milliseconds })
  })
})

describe('an event that did not come back', () => {
  it.each([
    ['full', 'warning'],
    ['busy', 'warning'],
    ['no-app', 'warning'],
    ['redis', 'critical'],
    ['unreachable', 'critical'],
    ['refused', 'critical'],
    ['late', 'critical'],
  ] as const)('for %s is %s', (cause, outcome) => {
    expect(judge(failed(cause), BUDGET, false)).toMatchObject({ outcome, cause })
  })

  it('is a warning where only Redis is away, for whoever asks it so', () => {
    expect(judge(failed('redis'), BUDGET, true).outcome).toBe('warning')
    expect(judge(failed('late'), BUDGET, true).outcome).toBe('critical')
  })
})

describe('of several processes', () => {
  const ok = judge(back(5), BUDGET, false)
  const slow = judge(back(150), BUDGET, false)
  const late = judge(failed('late'), BUDGET, false)
  const quiet = silent(7, BUDGET)

  it('the worst stands for all, and a silent one before those who suffer by it', () => {
    expect(worst([ok, slow])).toBe(slow)
    expect(worst([slow, ok, late])).toBe(late)
    expect(worst([late, quiet, late])).toBe(quiet)
    expect(worst([judge(back(9), BUDGET, false), ok]).milliseconds).toBe(9)
  })
})
