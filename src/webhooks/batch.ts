/**
 * Gathers the events of each endpoint for a short while, so that many of them make one request.
 *
 * hot path: once per event and endpoint (test/bench, webhooks). One timer for all, and no promise.
 */
import type { Clock } from '../clock.ts'
import { type Endpoint, keyOf } from './endpoint.ts'
import type { Entry } from './queue.ts'

/** Largest body: what web servers and PHP take without being configured. */
export const BATCH_BYTES = 512 * 1024

export interface BatchesOptions {
  readonly events: number
  readonly milliseconds: number
  readonly clock: Clock
  /** Is given what was gathered. */
  readonly push: (endpoint: Endpoint, entry: Entry) => void
}

interface Gathered {
  readonly endpoint: Endpoint
  readonly time: number
  readonly texts: string[]
  bytes: number
}

export class Batches {
  readonly #options: BatchesOptions
  /** By the endpoint's key. */
  readonly #gathered = new Map<string, Gathered>()
  #cancelTimer: (() => void) | undefined

  constructor(options: BatchesOptions) {
    this.#options = options
  }

  /** @param bytes what the event takes of the budget */
  add(endpoint: Endpoint, text: string, bytes: number): void {
    const { clock, events, milliseconds } = this.#options
    const key = keyOf(endpoint)
    let gathered = this.#gathered.get(key)
    if (gathered !== undefined && gathered.bytes + bytes > BATCH_BYTES) {
      this.#push(key, gathered)
      gathered = undefined
    }
    if (gathered === undefined) {
      gathered = { endpoint, time: clock.now(), texts: [], bytes: 0 }
      this.#gathered.set(key, gathered)
    }
    gathered.texts.push(text)
    gathered.bytes += bytes
    if (gathered.texts.length >= events) this.#push(key, gathered)
    else this.#cancelTimer ??= clock.after(milliseconds, () => this.flush())
  }

  /** Passes on everything that was gathered. */
  flush(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    for (const [key, gathered] of this.#gathered) this.#push(key, gathered)
  }

  #push(key: string, { endpoint, time, texts, bytes }: Gathered): void {
    this.#gathered.delete(key)
    const text = texts.join(',')
    const queuedAt = this.#options.clock.now()
    this.#options.push(endpoint, { events: texts.length, time, queuedAt, text, bytes })
  }
}
