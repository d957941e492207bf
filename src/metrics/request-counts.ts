/** Answers of the HTTP API, counted by route and status. Both have few values. */
export class RequestCounts {
  readonly #counts = new Map<string, Map<number, number>>()

  count(route: string, status: number): void {
    const byStatus = this.#counts.get(route) ?? new Map<number, number>()
    this.#counts.set(route, byStatus)
    byStatus.set(status, (byStatus.get(status) ?? 0) + 1)
  }

  *[Symbol.iterator](): IterableIterator<{ route: string; status: number; count: number }> {
    for (const [route, byStatus] of this.#counts) {
      for (const [status, count] of byStatus) yield { route, status, count }
    }
  }
}
