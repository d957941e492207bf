/**
 * What happened to one app on this node, in plain numbers: counting must cost nothing on hot paths.
 * The metrics read them when they are scraped.
 */
export type EventSource = 'http' | 'redis' | 'client'

export class Tally {
  opened = 0
  /** Events delivered, once per receiving connection. */
  delivered = 0
  /** Events published to a channel nobody here was subscribed to. */
  unheard = 0
  slowConsumers = 0
  readonly received: Record<EventSource, number> = { http: 0, redis: 0, client: 0 }
  readonly closed = new Map<string, number>()
  readonly subscribeRefused = new Map<string, number>()
  readonly clientEventRefused = new Map<string, number>()
  readonly redisIgnored = new Map<string, number>()
}

/** Adds one under a key that has few values. */
export function countIn(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
