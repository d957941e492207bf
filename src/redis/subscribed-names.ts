/**
 * The patterns or channels of one connection: which are wanted, which Redis has confirmed, and which it
 * refuses. Each is asked for by itself, so that one which is refused does not keep out the others.
 */
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { ErrorCode } from '../errors.ts'
import { isReply } from './location.ts'
import { reasonOf } from './remedy.ts'
import type { SubscriptionKind } from './subscriber.ts'
import type { RedisTarget } from './target.ts'

/** What the log is told of one pattern or channel; constant texts. */
export interface NameTexts {
  readonly nameRefused: string
  readonly nameAllowed: string
}

export interface SubscribedNamesParts {
  readonly redis: Redis
  readonly kind: SubscriptionKind
  readonly names: readonly string[]
  readonly target: RedisTarget
  readonly texts: NameTexts
  /** Redis has answered. */
  readonly heard: () => void
  readonly log: Logger
}

const COMMANDS = {
  pattern: { subscribe: 'psubscribe', unsubscribe: 'punsubscribe' },
  channel: { subscribe: 'subscribe', unsubscribe: 'unsubscribe' },
  shard: { subscribe: 'ssubscribe', unsubscribe: 'sunsubscribe' },
} as const

/** Of every fault of a connection that listens. */
export const CODE: ErrorCode = 'RESOUND_REDIS_UNREACHABLE'

export class SubscribedNames {
  readonly #parts: SubscribedNamesParts
  readonly #commands: (typeof COMMANDS)[SubscriptionKind]
  #wanted: ReadonlySet<string>
  readonly #confirmed = new Set<string>()
  /** Whose refusal has been logged. */
  readonly #refused = new Set<string>()

  constructor(parts: SubscribedNamesParts) {
    this.#parts = parts
    this.#commands = COMMANDS[parts.kind]
    this.#wanted = new Set(parts.names)
  }

  /** Those that Redis has confirmed. */
  get confirmed(): readonly string[] {
    return [...this.#confirmed]
  }

  get areConfirmed(): boolean {
    return this.#unconfirmed().length === 0
  }

  /** Wants these from now on, and gives up the others. */
  want(names: readonly string[]): void {
    const dropped = [...this.#wanted].filter((name) => !names.includes(name))
    this.#wanted = new Set(names)
    for (const name of dropped) {
      this.#refused.delete(name)
      if (this.#confirmed.delete(name)) this.#unsubscribe(name)
    }
  }

  /** Asks for those that are not confirmed. @returns resolves when Redis has answered for each, and never rejects */
  async ask(): Promise<void> {
    const { redis } = this.#parts
    await Promise.all(
      this.#unconfirmed().map((name) =>
        redis[this.#commands.subscribe](name).then(
          () => this.#granted(name),
          (error) => this.#denied(name, error),
        ),
      ),
    )
  }

  /** The connection is gone, and what it was subscribed to. */
  lost(): void {
    this.#confirmed.clear()
  }

  #granted(name: string): void {
    const { heard, log, texts } = this.#parts
    heard()
    if (!this.#wanted.has(name)) {
      this.#unsubscribe(name) // given up meanwhile
      return
    }
    this.#confirmed.add(name)
    if (this.#refused.delete(name)) log.info({ pattern: name }, texts.nameAllowed)
  }

  #unsubscribe(name: string): void {
    const { redis } = this.#parts
    redis[this.#commands.unsubscribe](name).catch((error) => this.#denied(name, error))
  }

  #denied(name: string, error: Error): void {
    const { heard, log, target, texts } = this.#parts
    if (!isReply(error)) return // the connection is going, which is reported when it has gone
    heard()
    if (this.#refused.has(name) || !this.#wanted.has(name)) return
    this.#refused.add(name)
    log.error({ code: CODE, pattern: name, ...reasonOf(error, target, name) }, texts.nameRefused)
  }

  #unconfirmed(): readonly string[] {
    return [...this.#wanted].filter((name) => !this.#confirmed.has(name))
  }
}

/** Hands on what comes. @param came is given the name that was subscribed to, and the channel */
export function hear(
  redis: Redis,
  kind: SubscriptionKind,
  came: (name: string, channel: Buffer, payload: Buffer) => void,
): void {
  if (kind === 'pattern') redis.on('pmessageBuffer', came)
  else {
    const event = kind === 'shard' ? 'smessageBuffer' : 'messageBuffer'
    redis.on(event, (channel: Buffer, payload: Buffer) =>
      came(channel.toString(), channel, payload),
    )
  }
}
