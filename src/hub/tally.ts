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
  /** WebSocket messages and the bytes of their text, both ways. */
  messagesReceived = 0
  bytesReceived = 0
  /** Messages that were not understood. */
  malformed = 0
  messagesSent = 0
  bytesSent = 0
  /** Signed requests of the HTTP API, and the bytes of their bodies and of those of the answers. */
  requests = 0
  requestBytes = 0
  answerBytes = 0
  readonly received: Record<EventSource, number> = { http: 0, redis: 0, client: 0 }
  readonly closed = new Map<string, number>()
  readonly subscribeRefused = new Map<string, number>()
  readonly signInRefused = new Map<string, number>()
  readonly clientEventRefused = new Map<string, number>()
  readonly redisIgnored = new Map<string, number>()
  /** Questions to the authorisation bridge: `signed` by us, `passed` on as Laravel signed, or why refused. */
  readonly bridge = new Map<string, number>()

  // hot path: once per publication and channel, whatever the number of receivers (test/bench, fan-1000).
  /** Counts one text that was sent to so many connections. */
  sent(text: string, receivers: number): void {
    this.messagesSent += receivers
    this.bytesSent += receivers * Buffer.byteLength(text)
  }

  answered(requestBytes: number, answer: string): void {
    this.requests += 1
    this.requestBytes += requestBytes
    this.answerBytes += Buffer.byteLength(answer)
  }
}

/** Adds one under a key that has few values. */
export function countIn<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
