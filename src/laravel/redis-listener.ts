/**
 * Hears what Laravel apps publish to one Redis, and hands it to a sink as events.
 *
 * Tells the apps apart by their prefixes and reads what concerns somebody; the connection is the
 * subscriber's. It delivers to nobody itself and never publishes.
 */
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import {
  RedisSubscriber,
  type RedisSubscriberState,
  type SubscriberTexts,
} from '../redis/subscriber.ts'
import type { RedisTarget } from '../redis/target.ts'
import { decodeMessage, type IgnoredReason, type MessageLimits, refusalOf } from './message.ts'

/** An app as it publishes to this Redis. No two apps of one Redis have the same prefix. */
export interface LaravelApp {
  readonly appId: string
  /** Laravel's `database.redis.options.prefix`, exactly. */
  readonly prefix: string
  readonly limits: MessageLimits
}

export interface LaravelEvent {
  readonly appId: string
  readonly channel: string
  readonly event: string
  /** JSON text. */
  readonly data: string
  readonly exceptSocketId: string | undefined
}

/** Where events go. Called as messages arrive, in one turn of the event loop for all that arrived. */
export interface LaravelSink {
  /**
   * Asked once per message, so that it can count. False when nobody here hears the channel and it
   * remembers nothing: the payload is not parsed.
   */
  wants(appId: string, channel: string): boolean
  deliver(event: LaravelEvent): void
  ignored(appId: string, reason: IgnoredReason): void
}

export interface RedisListenerOptions {
  readonly target: RedisTarget
  readonly apps: readonly LaravelApp[]
  readonly sink: LaravelSink
  readonly log: Logger
  readonly clock: Clock
}

interface Source {
  readonly app: LaravelApp
  readonly prefixBytes: number
}

const TEXTS: SubscriberTexts = {
  unreachable: 'Redis is unreachable: nothing that is published is heard; trying again',
  refused: 'Redis refuses the connection: nothing that is published is heard; trying again',
  moved: 'Redis is elsewhere now: nothing that is published there is heard; connecting to it',
  nameRefused: 'Redis refuses the pattern: nothing that is published on it is heard; trying again',
  nameAllowed: 'Redis now allows the pattern',
  listening: 'listening to Redis',
  back: 'Redis is back; what was published meanwhile is lost',
}

/** Encrypted channels that are warned about; after that they are only counted. */
const MOST_WARNINGS = 100

export class RedisListener {
  readonly #subscriber: RedisSubscriber
  readonly #sink: LaravelSink
  readonly #log: Logger
  #sources: ReadonlyMap<string, Source>
  readonly #warned = new Set<string>()

  constructor({ target, apps, sink, log, clock }: RedisListenerOptions) {
    this.#sink = sink
    this.#log = log
    this.#sources = sourcesByPattern(apps)
    this.#subscriber = new RedisSubscriber({
      target,
      kind: 'pattern',
      names: [...this.#sources.keys()],
      connectionName: 'resound',
      texts: TEXTS,
      onMessage: (pattern, name, payload) => {
        try {
          this.#receive(pattern, name, payload)
        } catch (error) {
          log.error({ err: error }, 'a Laravel event failed by a fault of ours')
        }
      },
      log,
      clock,
    })
  }

  /** Begins to connect, and returns at once: whether Redis is there is in the log and the state. */
  start(): void {
    this.#subscriber.start()
  }

  get state(): RedisSubscriberState {
    return this.#subscriber.state
  }

  /** Hears these apps from now on, without a gap for those it heard before. */
  listenTo(apps: readonly LaravelApp[]): void {
    this.#sources = sourcesByPattern(apps)
    this.#subscriber.listenTo([...this.#sources.keys()])
  }

  /** Stops for good; resolves when the connection is closed. Idempotent. */
  stop(): Promise<void> {
    return this.#subscriber.stop()
  }

  // hot path: once per message on a pattern (test/bench, redis-sat). Nothing awaits, so that what
  // arrives in one turn of the event loop leaves in one write per socket.
  #receive(pattern: string, name: Buffer, payload: Buffer): void {
    const source = this.#sources.get(pattern)
    if (source === undefined) return // on its way while the pattern was given up
    const { appId, limits } = source.app
    const channel = name.toString('latin1', source.prefixBytes) // an allowed name is ASCII
    const refusal = refusalOf(channel, limits)
    if (refusal !== undefined) {
      if (refusal === 'encrypted') this.#warnOfEncrypted(appId, channel)
      this.#sink.ignored(appId, refusal)
      return
    }
    if (!this.#sink.wants(appId, channel)) return
    const message = decodeMessage(payload, limits)
    if (message.ok) {
      const { event, data, exceptSocketId } = message
      this.#sink.deliver({ appId, channel, event, data, exceptSocketId })
    } else {
      this.#sink.ignored(appId, message.reason)
    }
  }

  #warnOfEncrypted(appId: string, channel: string): void {
    const key = `${appId} ${channel}`
    if (this.#warned.has(key) || this.#warned.size === MOST_WARNINGS) return
    this.#warned.add(key)
    this.#log.warn(
      {
        appId,
        channel,
        remedy: 'Broadcast to encrypted channels over the pusher or reverb connection.',
      },
      "dropped: Laravel's redis driver does not encrypt, so no client could read this channel",
    )
  }
}

function sourcesByPattern(apps: readonly LaravelApp[]): ReadonlyMap<string, Source> {
  return new Map(
    apps.map((app) => [patternOf(app.prefix), { app, prefixBytes: Buffer.byteLength(app.prefix) }]),
  )
}

/** The Redis pattern of whatever begins with `prefix`, and nothing else. */
export function patternOf(prefix: string): string {
  return `${prefix.replace(/[*?[\]\\]/g, '\\$&')}*`
}
