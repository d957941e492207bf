/** Requests of the HTTP API, counted by route and status, and timed by route. Both have few values. */
import { Buckets, SECONDS } from '../buckets.ts'
import { countIn } from '../hub/tally.ts'

interface RouteCounts {
  readonly byStatus: Map<number, number>
  readonly seconds: Buckets
}

export class RequestCounts {
  readonly #routes = new Map<string, RouteCounts>()
  /** Requests that no route got to see, by status. */
  readonly #unhandled = new Map<number, number>()

  // hot path: once per request (test/bench, headline).
  /** @param seconds from when all of a request was there to its answer */
  answered(route: string, status: number, seconds: number): void {
    let counts = this.#routes.get(route)
    if (counts === undefined) {
      counts = { byStatus: new Map(), seconds: new Buckets(SECONDS) }
      this.#routes.set(route, counts)
    }
    countIn(counts.byStatus, status)
    counts.seconds.observe(seconds)
  }

  unhandled(status: number): void {
    countIn(this.#unhandled, status)
  }

  *[Symbol.iterator](): IterableIterator<{ route: string; status: number; count: number }> {
    for (const [status, count] of this.#unhandled) yield { route: 'unhandled', status, count }
    for (const [route, { byStatus }] of this.#routes) {
      for (const [status, count] of byStatus) yield { route, status, count }
    }
  }

  /** How long answers took, by route. */
  *times(): IterableIterator<{ readonly label: string; readonly buckets: Buckets }> {
    for (const [label, { seconds: buckets }] of this.#routes) yield { label, buckets }
  }
}
