/**
 * A histogram in plain numbers: observing must cost nothing on hot paths. The metrics read it when
 * they are scraped.
 */
export class Buckets {
  /** Upper bounds, ascending. */
  readonly bounds: readonly number[]
  /** How many values each bound holds beyond those of the bound before it; last, those above all. */
  readonly counts: number[]
  /** Of all values. */
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Array<number>(bounds.length + 1).fill(0)
  }

  /** @param weight how many values it stands for */
  observe(value: number, weight = 1): void {
    let bucket = 0
    while (value > (this.bounds[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1
    this.counts[bucket] = (this.counts[bucket] ?? 0) + weight
    this.sum += value * weight
  }
}

/** Bounds in seconds, from what an event takes on an idle server to what nobody waits for. */
export const SECONDS: readonly number[] = [
  ...[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01],
  ...[0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
]
