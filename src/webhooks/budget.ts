/**
 * The memory that events waiting to be told may take, for all apps together.
 */
export class Budget {
  readonly #bytes: number
  #used = 0

  constructor(bytes: number) {
    this.#bytes = bytes
  }

  get used(): number {
    return this.#used
  }

  /** Whether at least half is free. */
  get isRelaxed(): boolean {
    return this.#used * 2 <= this.#bytes
  }

  /** @returns false when there is no room, and then nothing is taken */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.#bytes) return false
    this.#used += bytes
    return true
  }

  release(bytes: number): void {
    this.#used -= bytes
  }
}
