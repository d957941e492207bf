/**
 * When a channel's subscription count is told, to its subscribers and to webhooks: at once in a small
 * channel, and in one with more than 100 subscribers at most every 5 s while it changes (Pusher docs,
 * "Subscription count events").
 */
import type { App } from '../apps/app.ts'
import type { Clock } from '../clock.ts'
import type { Occurred } from './occurrence.ts'

const SMALL = 100
const PERIOD_MILLISECONDS = 5_000

/** Sends a count to the subscribers on this node. */
export type SendCount = (app: App, channel: string, count: number) => void

interface Pending {
  readonly app: App
  readonly channel: string
  readonly count: number
  readonly isOurs: boolean
}

export class SubscriptionCounts {
  readonly #occurred: Occurred
  /** By app and channel. */
  readonly #pending = new Map<string, Pending>()
  readonly #stopTelling: () => void
  #send: SendCount = () => {}

  constructor(clock: Clock, occurred: Occurred) {
    this.#occurred = occurred
    this.#stopTelling = clock.every(PERIOD_MILLISECONDS, () => {
      for (const [key, pending] of this.#pending) this.#tell(key, pending)
    })
  }

  /** Who has the subscribers. */
  sendBy(send: SendCount): void {
    this.#send = send
  }

  /**
   * Call after each change of a channel's count on all nodes, down to 0.
   * @param isOurs whether a change on this node made it so: its app is told by one node
   */
  changed(app: App, channel: string, count: number, isOurs: boolean): void {
    const key = `${app.id}\n${channel}`
    const isForUs = isOurs || this.#pending.get(key)?.isOurs === true
    const pending = { app, channel, count, isOurs: isForUs }
    if (count > SMALL) this.#pending.set(key, pending)
    else this.#tell(key, pending)
  }

  stop(): void {
    this.#stopTelling()
  }

  #tell(key: string, { app, channel, count, isOurs }: Pending): void {
    this.#pending.delete(key)
    if (count > 0 && app.settings.subscriptionCount) this.#send(app, channel, count)
    if (isOurs && app.tells('subscription_count')) {
      this.#occurred(app, { name: 'subscription_count', channel, count })
    }
  }
}
