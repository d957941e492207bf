import { describe, expect, it } from 'vitest'
import type { CanaryResult } from '../../src/health/canary.ts'
import { Health } from '../../src/health/health.ts'

const BACK: CanaryResult = {
  failure: null,
  milliseconds: 3,
  legs: { connect: 1, subscribe: 1, publish: 1, delivery: 1 },
}

/** A process whose canaries land when a test says so. */
class Loft {
  readonly pid = 1
  sent = 0
  readonly #landing: (() => void)[] = []

  readonly health = new Health({
    serving: () => [this],
    readiness: () => ({ ready: true, reason: 'serving' }),
  })

  canary(): Promise<CanaryResult> {
    this.sent += 1
    return new Promise((resolve) => {
      this.#landing.push(() => resolve(BACK))
    })
  }

  land(): void {
    for (const land of this.#landing.splice(0)) land()
  }
}

const budget = (critMs: number) => ({ warnMs: 1, critMs })

describe('asking for health', () => {
  it('shares what is under way, and what is not a second old', async () => {
    const loft = new Loft()
    const asked = Array.from({ length: 50 }, () => loft.health.report(budget(2000), false))
    loft.land()
    const reports = await Promise.all(asked)
    expect(new Set(reports.map((report) => report?.at)).size).toBe(1)
    await loft.health.report(budget(2000), false)
    expect(loft.sent).toBe(1)
  })

  it('judges what is shared by the thresholds of each', async () => {
    const loft = new Loft()
    const strict = loft.health.report({ warnMs: 1, critMs: 2000 }, false)
    const mild = loft.health.report({ warnMs: 500, critMs: 2000 }, false)
    loft.land()
    expect((await strict)?.outcome).toBe('warning')
    expect((await mild)?.outcome).toBe('ok')
    expect(loft.sent).toBe(1)
  })

  it('has a bound on how many different times are waited for', async () => {
    const loft = new Loft()
    const asked = Array.from({ length: 8 }, (_, index) =>
      loft.health.report(budget(index + 1), false),
    )
    expect(await loft.health.report(budget(9), false)).toBeUndefined()
    loft.land()
    await Promise.all(asked)
    expect(loft.sent).toBe(8)
  })
})
