/** A listener on a real Redis, with everything that it hands over and logs. */
import { EventEmitter, once } from 'node:events'
import { pino } from 'pino'
import { expect } from 'vitest'
import type { IgnoredReason } from '../../src/laravel/message.ts'
import {
  type LaravelApp,
  type LaravelEvent,
  RedisListener,
} from '../../src/laravel/redis-listener.ts'
import type { RedisTarget } from '../../src/redis/target.ts'
import { ManualClock } from '../support/clock.ts'
import type { TestRedis } from '../support/redis.ts'

type Line = Readonly<Record<string, unknown>>

export const app = (prefix: string, appId = 'app'): LaravelApp => ({
  appId,
  prefix,
  limits: { channelNameLength: 200, eventNameLength: 200, eventBytes: 102_400 },
})

/** What Laravel publishes for an event whose only property is `id`. */
export const published = (id: number): string =>
  JSON.stringify({ event: 'Said', data: { id, socket: null }, socket: null })

/** What such a message becomes. */
export const said = (id: number, channel: string, appId = 'app'): LaravelEvent => ({
  appId,
  channel,
  event: 'Said',
  data: `{"id":${id}}`,
  exceptSocketId: undefined,
})

/** A Redis by itself. */
export const at = (url: string): RedisTarget => ({ url, cluster: [], sentinels: [], tls: {} })

export class Listening implements AsyncDisposable {
  readonly clock = new ManualClock()
  readonly listener: RedisListener
  readonly events: LaravelEvent[] = []
  readonly ignored: [appId: string, reason: IgnoredReason][] = []
  readonly lines: Line[] = []
  /** Replaced by tests that are about it. */
  wants: (appId: string, channel: string) => boolean = () => true
  deliver = (event: LaravelEvent): void => {
    this.events.push(event)
    this.#changed.emit('change')
  }
  readonly #changed = new EventEmitter()

  constructor(redis: string | RedisTarget, apps: readonly LaravelApp[]) {
    const write = (text: string): void => {
      this.lines.push(JSON.parse(text))
      this.#changed.emit('change')
    }
    this.listener = new RedisListener({
      target: typeof redis === 'string' ? at(redis) : redis,
      apps,
      sink: {
        wants: (appId, channel) => this.wants(appId, channel),
        deliver: (event) => this.deliver(event),
        ignored: (appId, reason) => {
          this.ignored.push([appId, reason])
          this.#changed.emit('change')
        },
      },
      log: pino({ base: null, timestamp: false }, { write }),
      clock: this.clock,
    })
  }

  /** The event delivered after those taken before, as soon as it is. */
  async event(): Promise<LaravelEvent> {
    await this.until(() => this.events.length > 0)
    const event = this.events.shift()
    if (event === undefined) throw new Error('taken meanwhile')
    return event
  }

  /** The first line whose message begins so, as soon as it is logged; it is taken out of `lines`. */
  async line(beginning: string): Promise<Line> {
    const index = (): number =>
      this.lines.findIndex(({ msg }) => typeof msg === 'string' && msg.startsWith(beginning))
    await this.until(() => index() >= 0)
    return this.lines.splice(index(), 1)[0] ?? {}
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await once(this.#changed, 'change')
  }

  /** Publishes an event and awaits it: what was published before has been dealt with then. */
  async marker(redis: TestRedis, channel: string): Promise<LaravelEvent> {
    await redis.client.publish(channel, published(0))
    return await this.event()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.listener.stop()
    expect(this.clock.running).toBe(0)
  }
}

/** Starts a listener; `up` waits until it hears. */
export function listen(redis: string | RedisTarget, ...apps: readonly LaravelApp[]): Listening {
  const listening = new Listening(redis, apps)
  listening.listener.start()
  return listening
}

export async function hearing(
  redis: TestRedis,
  ...apps: readonly LaravelApp[]
): Promise<Listening> {
  const listening = listen(redis.url, ...apps)
  await listening.line('listening to Redis')
  return listening
}
