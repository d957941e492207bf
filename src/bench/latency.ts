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

/** How often two clocks are compared; the closest look counts. */
const LOOKS = 20

/** From this thread's clock, which begins with it, to the one that all threads of a machine share. */
function sinceThreadBegan(): number {
  let [offset, closest] = [0, Number.POSITIVE_INFINITY]
  for (let look = 0; look < LOOKS; look += 1) {
    const before = performance.now()
    const shared = Number(process.hrtime.bigint()) / 1000
    const after = performance.now()
    if (after - before >= closest) continue
    closest = after - before
    offset = shared - ((before + after) / 2) * 1000
  }
  return offset
}

const OFFSET = sinceThreadBegan()

/** By one clock for all threads: an event may be published by one and heard by another. */
export const nowMicroseconds = (): number => OFFSET + performance.now() * 1000
