/**
 * All that this node holds in a shard, as one: its users, its counts and whom it watches.
 */
import type { Counts } from './counts.ts'
import type { Seats } from './seats.ts'
import type { Held, Store } from './store.ts'
import type { Watched } from './watched.ts'

export interface Holdings {
  /** Asks for all of it to be in Redis. */
  register(): void
  /** Redis is lost: nothing that was asked for is going to be answered. */
  freeze(): void
  /** Something may have been missed: reads anew what others hold. */
  look(): void
  /** As `look`, where it turns out that something was missed. */
  review(): Promise<void>
  /** Whether this node holds it. */
  holds(entry: Held): boolean
  discard(entry: Held): void
  /** How many entries there should be. */
  size(): number
}

export interface HoldingsParts {
  readonly seats: Seats
  readonly counts: Counts
  readonly watched: Watched
  readonly store: Store
}

/** Channels of one question. */
const ASKED_AT_ONCE = 500

export function holdingsOf({ seats, counts, watched, store }: HoldingsParts): Holdings {
  return {
    register() {
      seats.register()
      counts.register()
    },
    freeze: () => seats.freeze(),
    look() {
      seats.look()
      watched.forgetNumbers()
      void watched.refresh()
    },
    async review() {
      await watched.refresh()
      const known = [...seats.numbers()]
      for (let from = 0; from < known.length; from += ASKED_AT_ONCE) {
        const asked = known.slice(from, from + ASKED_AT_ONCE)
        const numbers = await store.offsets(asked.map(([topic]) => topic))
        for (const [index, [topic, number]] of asked.entries()) {
          if (numbers[index] !== number) seats.lookAt(topic)
        }
      }
    },
    holds: ({ userId, ...at }) => (userId === undefined ? counts.has(at) : seats.has(at, userId)),
    discard: ({ userId, ...at }) =>
      userId === undefined ? counts.discard(at) : seats.discard(at, userId),
    size: () => seats.count + counts.size,
  }
}
