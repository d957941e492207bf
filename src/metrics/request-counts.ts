/** Requests of the HTTP API, counted by route and status, and timed by route. Both have few values. */
import { Buckets, SECONDS } from '../buckets.ts'

export class RequestCounts {
  readonly #counts = new Map<string, Map<number, number>>()
  readonly #seconds = new Map<string, Buckets>()

  count(route: string, status: number): void {
    const byStatus = this.#counts.get(route) ?? new Map<number, number>()
    this.#counts.set(route, byStatus)
    byStatus.set(status, (byStatus.get(status) ?? 0) + 1)
  }

  /** @param seconds from when all of a request was there to its answer */
  time(route: string, seconds: number): void {
    const buckets = this.#seconds.get(route) ?? new Buckets(SECONDS)
    this.#seconds.set(route, buckets)
    buckets.observe(seconds)
  }

  *[Symbol.iterator](): IterableIterator<{ route: string; status: number; count: number }> {
    for (const [route, byStatus] of this.#counts) {
      for (const [status, count] of byStatus) yield { route, status, count }
    }
  }

  /** How long answers took, by route. */
  times(): Iterable<readonly [route: string, seconds: Buckets]> {
    return this.#seconds
  }
}
