/** What went wrong under a load, counted by kind. Kinds are few: texts of a server are only samples. */

const KINDS_MOST = 30
const SAMPLE_LENGTH = 200
const OTHERS = 'others'

export interface ErrorCount {
  /** Such as `closed 4004` or `HTTP 401`. */
  readonly kind: string
  readonly count: number
  /** What was said the first time. */
  readonly sample: string
}

export class ErrorCounts {
  readonly #kinds = new Map<string, { count: number; readonly sample: string }>()

  get total(): number {
    return this.list().reduce((sum, { count }) => sum + count, 0)
  }

  add(kind: string, sample = '', count = 1): void {
    const isKnown = this.#kinds.has(kind) || this.#kinds.size < KINDS_MOST
    const name = isKnown ? kind : OTHERS
    const present = this.#kinds.get(name)
    if (present === undefined) {
      this.#kinds.set(name, { count, sample: sample.slice(0, SAMPLE_LENGTH) })
    } else present.count += count
  }

  merge(others: readonly ErrorCount[]): void {
    for (const { kind, sample, count } of others) this.add(kind, sample, count)
  }

  /** The most frequent first. */
  list(): readonly ErrorCount[] {
    return [...this.#kinds]
      .map(([kind, { count, sample }]) => ({ kind, count, sample }))
      .sort((a, b) => b.count - a.count)
  }
}
