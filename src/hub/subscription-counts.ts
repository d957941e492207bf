/**
 * When a channel's subscription count is told: at once in a small channel, and in one with more
 * than 100 subscribers at most every 5 s while it changes (Pusher docs, "Subscription count events").
 */
import type { Clock } from '../clock.ts'
import { subscriptionCount } from '../protocol/encode.ts'
import type { Channel } from './channel.ts'
import type { Fanout } from './socket.ts'

const SMALL = 100
const PERIOD_MILLISECONDS = 5_000

export class SubscriptionCounts {
  readonly #fanout: Fanout
  readonly #pending = new Set<Channel>()
  readonly #stopTelling: () => void

  constructor(clock: Clock, fanout: Fanout) {
    this.#fanout = fanout
    this.#stopTelling = clock.every(PERIOD_MILLISECONDS, () => {
      for (const channel of this.#pending) this.#tell(channel)
    })
  }

  /** Call after each change of `channel.count`. */
  changed(channel: Channel): void {
    if (channel.count > SMALL) this.#pending.add(channel)
    else this.#tell(channel)
  }

  /** Call when the last subscriber is gone. */
  forget(channel: Channel): void {
    this.#pending.delete(channel)
  }

  stop(): void {
    this.#stopTelling()
  }

  #tell(channel: Channel): void {
    this.#pending.delete(channel)
    channel.send(this.#fanout, subscriptionCount(channel.name, channel.count))
  }
}
