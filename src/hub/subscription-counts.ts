/**
 * When a channel's subscription count is told, to its subscribers and to webhooks: at once in a small
 * channel, and in one with more than 100 subscribers at most every 5 s while it changes (Pusher docs,
 * "Subscription count events").
 */
import type { App } from '../apps/app.ts'
import type { Clock } from '../clock.ts'
import { subscriptionCount } from '../protocol/encode.ts'
import type { Channel } from './channel.ts'
import type { Occurred } from './occurrence.ts'
import type { Fanout } from './socket.ts'

const SMALL = 100
const PERIOD_MILLISECONDS = 5_000

export class SubscriptionCounts {
  readonly #fanout: Fanout
  readonly #occurred: Occurred
  readonly #pending = new Map<Channel, App>()
  readonly #stopTelling: () => void

  constructor(clock: Clock, fanout: Fanout, occurred: Occurred) {
    this.#fanout = fanout
    this.#occurred = occurred
    this.#stopTelling = clock.every(PERIOD_MILLISECONDS, () => {
      for (const [channel, app] of this.#pending) this.#tell(app, channel)
    })
  }

  /** Call after each change of `channel.count`, down to 0. */
  changed(app: App, channel: Channel): void {
    if (channel.count > SMALL) this.#pending.set(channel, app)
    else this.#tell(app, channel)
  }

  stop(): void {
    this.#stopTelling()
  }

  #tell(app: App, channel: Channel): void {
    this.#pending.delete(channel)
    const { name, count } = channel
    if (count > 0 && app.settings.subscriptionCount) {
      channel.send(this.#fanout, subscriptionCount(name, count))
    }
    if (app.tells('subscription_count')) {
      this.#occurred(app, { name: 'subscription_count', channel: name, count })
    }
  }
}
