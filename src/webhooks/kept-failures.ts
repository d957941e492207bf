/**
 * Requests that were given up, in memory: so many of each app, and so much of all; the oldest go first.
 */
import type { Failure } from './queue.ts'

export class KeptFailures {
  readonly #perApp: number
  readonly #bytes: number
  /** Of all apps, by id, the oldest first. */
  readonly #kept = new Map<string, Failure>()
  readonly #counts = new Map<string, number>()
  #used = 0

  constructor(perApp: number, bytes: number) {
    this.#perApp = perApp
    this.#bytes = bytes
  }

  /** The newest first. */
  of(appId: string): Failure[] {
    return [...this.#kept.values()].filter((failure) => failure.appId === appId).reverse()
  }

  keep(failure: Failure): void {
    this.#kept.set(failure.id, failure)
    this.#count(failure, 1)
    if (this.#countOf(failure) > this.#perApp)
      this.#removeOldest(({ appId }) => appId === failure.appId)
    while (this.#used > this.#bytes) this.#removeOldest(() => true)
  }

  remove(failure: Failure): void {
    if (this.#kept.delete(failure.id)) this.#count(failure, -1)
  }

  #removeOldest(isMeant: (failure: Failure) => boolean): void {
    for (const failure of this.#kept.values()) {
      if (!isMeant(failure)) continue
      this.remove(failure)
      return
    }
  }

  #countOf({ appId }: Failure): number {
    return this.#counts.get(appId) ?? 0
  }

  #count(failure: Failure, step: 1 | -1): void {
    this.#counts.set(failure.appId, this.#countOf(failure) + step)
    this.#used += step * Buffer.byteLength(failure.text)
  }
}
