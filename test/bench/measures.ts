/** What of a result is compared: figures of one phase, and what they must not exceed or fall below. */
import type { Phase, Result } from './generator.ts'

export interface Measure {
  readonly name: string
  readonly phase?: PhaseName
  readonly better: 'less' | 'more'
  /** @returns nothing when the run has no such phase. */
  readonly of: (result: Result) => number | undefined
  /** Largest ratio to each other server; the smallest, when more is better. */
  readonly ratioTo?: { readonly bare?: number; readonly soketi?: number }
  /** Bound on Resound's own figure. */
  readonly bound?: number
}

export type PhaseName = 'connect' | 'subscribe' | 'publish' | 'close'
type Bounds = Pick<Measure, 'ratioTo' | 'bound'>

const of = (phase: PhaseName, read: (phase: Phase) => number) => ({
  phase,
  of: (result: Result) => {
    const measured = result[phase]
    return measured && read(measured)
  },
})
export const cpuPer = (what: string, phase: PhaseName, bounds: Bounds = {}): Measure => ({
  name: `server CPU us/${what}`,
  better: 'less',
  ...of(phase, (p) => p.serverCpuMicros / (what === 'delivery' ? p.happened : p.operations)),
  ...bounds,
})
export const perSecond = (what: string, phase: PhaseName, bounds: Bounds = {}): Measure => ({
  name: `${what}/s`,
  better: 'more',
  ...of(phase, (p) => (what === 'deliveries' ? p.happened : p.operations) / p.seconds),
  ...bounds,
})
export const p50 = (phase: PhaseName): Measure => ({
  name: 'p50 ms',
  better: 'less',
  ...of(phase, (p) => p.p50Micros / 1000),
})
export const p99 = (phase: PhaseName, bounds: Bounds = {}): Measure => ({
  name: 'p99 ms',
  better: 'less',
  ...of(phase, (p) => p.p99Micros / 1000),
  ...bounds,
})
export const seconds = (phase: PhaseName, bounds: Bounds = {}): Measure => ({
  name: `seconds to ${phase} all`,
  better: 'less',
  ...of(phase, (p) => p.seconds),
  ...bounds,
})
