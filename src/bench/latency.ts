/**
 * Latencies in microseconds, in Node's own HDR histogram: three significant digits, bounded memory.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'

const HIGHEST = 3_600_000_000

export const createLatencies = (): RecordableHistogram =>
  createHistogram({ lowest: 1, highest: HIGHEST, figures: 3 })

/** Records a time; what took less than one microsecond took one. */
export function record(latencies: RecordableHistogram, microseconds: number): void {
  latencies.record(Math.min(HIGHEST, Math.max(1, Math.round(microseconds))))
}

/** This thread's clock. */
export const nowMicroseconds = (): number => performance.now() * 1000
