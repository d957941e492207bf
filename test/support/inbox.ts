import { PATIENCE_MILLISECONDS } from './patience.ts'

/** What a callback was given, to be awaited one by one. */
export class Inbox {
  readonly #arrived: unknown[] = []
  readonly #waiting: ((item: unknown) => void)[] = []

  /** How many have arrived that nobody has taken. */
  get size(): number {
    return this.#arrived.length
  }

  readonly push = (item: unknown): void => {
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#arrived.push(item)
    else waiting(item)
  }

  /** Takes the oldest, waiting for it if need be. @throws Error when none comes */
  next(): Promise<unknown> {
    if (this.#arrived.length > 0) return Promise.resolve(this.#arrived.shift())
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('nothing came')), PATIENCE_MILLISECONDS)
      this.#waiting.push((item) => {
        clearTimeout(timer)
        resolve(item)
      })
    })
  }
}
