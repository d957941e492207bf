/** Whether the load generator itself was the limit, and not the server. Pure. */
import type { PhaseOutcome } from './threads.ts'

/** Stable: in the document. */
export const REASONS = ['cpu', 'event-loop', 'schedule', 'open-files'] as const

export interface Reason {
  readonly code: (typeof REASONS)[number]
  readonly message: string
}

/** From here on a thread has nothing to spare. */
const BUSY_SHARE = 0.9
const LOOP_DELAY_MILLISECONDS = 25
const LAG_MILLISECONDS = 10

/** What was measured of the generator in a phase. */
export interface Self {
  readonly busyShare: number
  readonly loopDelayP99Milliseconds: number
  readonly lagP99Milliseconds: number
}

export const selfOf = ({ self }: PhaseOutcome): Self => ({
  busyShare: self.busyShare,
  loopDelayP99Milliseconds: self.loopDelayP99Milliseconds,
  lagP99Milliseconds: self.lag.count === 0 ? 0 : self.lag.percentile(99) / 1000,
})

/** Why figures of such a phase are not the server's; none when they are. */
export function limitsOf({
  busyShare,
  loopDelayP99Milliseconds,
  lagP99Milliseconds,
}: Self): readonly Reason[] {
  const reasons: Reason[] = []
  if (busyShare >= BUSY_SHARE) {
    const percent = Math.round(busyShare * 100)
    reasons.push({
      code: 'cpu',
      message: `a thread of the generator was busy ${percent} % of the time`,
    })
  }
  if (loopDelayP99Milliseconds >= LOOP_DELAY_MILLISECONDS) {
    const late = Math.round(loopDelayP99Milliseconds)
    reasons.push({ code: 'event-loop', message: `its event loop was ${late} ms late (p99)` })
  }
  if (lagP99Milliseconds >= LAG_MILLISECONDS) {
    const late = Math.round(lagP99Milliseconds)
    reasons.push({ code: 'schedule', message: `it did what was due ${late} ms late (p99)` })
  }
  return reasons
}

export const openFilesReason = (limit: number, asked: number): Reason => ({
  code: 'open-files',
  message: `the limit on open files leaves room for ${limit} of ${asked} connections (ulimit -n)`,
})
