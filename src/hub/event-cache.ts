/**
 * The last event of each cache channel, for a limited time and in bounded memory.
 */
import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'

export interface CachedEvent {
  readonly event: string
  readonly data: string
}

/** The longest a remembered event can be in memory, per character of its text. */
const BYTES_PER_CHARACTER = 2

export class EventCache {
  readonly #events: LRUCache<string, CachedEvent>

  constructor(options: { ttlSeconds: number; maxBytes: number; clock: Clock }) {
    this.#events = new LRUCache({
      ttl: options.ttlSeconds * 1000,
      ttlResolution: 0,
      maxSize: options.maxBytes,
      sizeCalculation: ({ event, data }, topic) =>
        (topic.length + event.length + data.length) * BYTES_PER_CHARACTER,
      perf: { now: () => options.clock.now() },
    })
  }

  /** @param topic names the channel across apps */
  remember(topic: string, event: CachedEvent): void {
    this.#events.set(topic, event)
  }

  recall(topic: string): CachedEvent | undefined {
    return this.#events.get(topic)
  }

  /** The remembered event's data and the whole seconds it has left, or null. */
  describe(topic: string): { data: string; ttl: number } | null {
    const event = this.#events.get(topic)
    if (event === undefined) return null
    return { data: event.data, ttl: Math.ceil(this.#events.getRemainingTTL(topic) / 1000) }
  }
}
