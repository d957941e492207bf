/**
 * One connection to a Redis that hears what is published on some patterns.
 *
 * It owns the connection and keeps it: whatever Redis does, it goes on trying, subscribes again, and
 * says once that it lost Redis and once that it is back. Redis pub/sub has no replay, so what is
 * published in between is lost. Knows nothing of what the messages mean.
 */
import { createRequire } from 'node:module'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import { type ErrorCode, FAULTS } from '../errors.ts'

const require = createRequire(import.meta.url)

/** Loaded by the first who needs it: a server that listens to no Redis does without its 25 MB. */
const requireRedis = (): typeof import('ioredis') => require('ioredis')

export interface RedisSubscriberOptions {
  /** `redis://` or `rediss://`. */
  readonly url: string
  readonly patterns: readonly string[]
  readonly onMessage: (pattern: string, channel: Buffer, payload: Buffer) => void
  readonly log: Logger
  readonly clock: Clock
}

export interface RedisSubscriberState {
  /** Redis answers and has confirmed every pattern: what is published now arrives. */
  readonly isUp: boolean
  /** The patterns that Redis has confirmed. */
  readonly patterns: readonly string[]
  readonly lastMessageAgeSeconds: number | undefined
  /** Of the last PING. */
  readonly roundTripSeconds: number | undefined
}

const CONNECT_TIMEOUT_MS = 5000
/** A closing connection that does not close is destroyed; nothing of ours is left to be sent. */
const DISCONNECT_TIMEOUT_MS = 100
const FIRST_RETRY_MS = 100
const LONGEST_RETRY_MS = 2000

const CHECK_INTERVAL_MS = 5000
/** Two, so that neither a Redis that is busy for 5 s nor a late turn of our own loop looks dead. */
const SILENT_CHECKS_ALLOWED = 2

const CODE: ErrorCode = 'RESOUND_REDIS_UNREACHABLE'

export class RedisSubscriber {
  readonly #redis: Redis
  readonly #log: Logger
  readonly #clock: Clock
  readonly #password: string
  #patterns: ReadonlySet<string>
  readonly #confirmed = new Set<string>()
  /** Patterns whose refusal has been logged. */
  readonly #refused = new Set<string>()

  #stopChecking: (() => void) | undefined
  #silentChecks = 0
  /** When Redis last gave a sign of life. This and the next two are ms since the epoch. */
  #heardAt: number
  #lastMessageAt: number | undefined
  /** Since when messages are lost; undefined while none are. */
  #lostAt: number | undefined
  #roundTripSeconds: number | undefined

  #lastError: Error | undefined
  /** What has been logged about the connection since messages are lost. */
  readonly #reported = new Set<'unreachable' | 'refused'>()

  constructor({ url, patterns, onMessage, log, clock }: RedisSubscriberOptions) {
    const { host, password } = new URL(url)
    this.#log = log.child({ redis: host })
    this.#clock = clock
    this.#password = decodeURIComponent(password)
    this.#patterns = new Set(patterns)
    this.#heardAt = clock.now()
    const { Redis } = requireRedis()
    this.#redis = new Redis(url, {
      lazyConnect: true,
      connectionName: 'resound',
      connectTimeout: CONNECT_TIMEOUT_MS,
      disconnectTimeout: DISCONNECT_TIMEOUT_MS,
      retryStrategy: retryDelay,
      // Subscribed here, where a refusal is noticed; PSUBSCRIBE works while Redis is loading, too.
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
      enableOfflineQueue: false,
      enableReadyCheck: false,
      disableClientInfo: true,
    })
    this.#redis.on('error', (error) => this.#failed(error))
    this.#redis.on('ready', () => this.#connected())
    this.#redis.on('close', () => this.#closed())
    this.#redis.on('pmessageBuffer', (pattern, channel, payload) => {
      this.#lastMessageAt = this.#clock.now()
      this.#silentChecks = 0
      onMessage(pattern, channel, payload)
    })
  }

  /** Begins to connect, and returns at once: whether Redis is there is in the log and the state. */
  start(): void {
    this.#heardAt = this.#clock.now()
    this.#lostAt = this.#heardAt
    this.#redis.connect().catch(() => {}) // the events error and close tell
    this.#stopChecking = this.#clock.every(CHECK_INTERVAL_MS, () => this.#check())
  }

  get state(): RedisSubscriberState {
    const lastMessageAt = this.#lastMessageAt
    return {
      isUp: this.#redis.status === 'ready' && this.#unconfirmed().length === 0,
      patterns: [...this.#confirmed],
      lastMessageAgeSeconds:
        lastMessageAt === undefined ? undefined : (this.#clock.now() - lastMessageAt) / 1000,
      roundTripSeconds: this.#roundTripSeconds,
    }
  }

  /** Hears these patterns from now on, without a gap for those it heard before. */
  listenTo(patterns: readonly string[]): void {
    const dropped = [...this.#patterns].filter((pattern) => !patterns.includes(pattern))
    this.#patterns = new Set(patterns)
    for (const pattern of dropped) {
      this.#refused.delete(pattern)
      if (!this.#confirmed.delete(pattern)) continue
      this.#redis.punsubscribe(pattern).catch((error) => this.#denied(pattern, error))
    }
    if (this.#redis.status === 'ready') this.#subscribe()
  }

  /** Stops for good; resolves when the connection is closed. Idempotent. */
  async stop(): Promise<void> {
    this.#stopChecking?.()
    this.#stopChecking = undefined
    const { status } = this.#redis
    const isOpen = status === 'connecting' || status === 'connect' || status === 'ready'
    const ended = new Promise<void>((resolve) => this.#redis.once('end', () => resolve()))
    this.#redis.disconnect()
    if (isOpen) await ended
  }

  #failed(error: Error): void {
    this.#lastError = error
  }

  #connected(): void {
    this.#lastError = undefined
    this.#silentChecks = 0
    this.#subscribe()
  }

  #closed(): void {
    this.#confirmed.clear()
    if (this.#stopChecking === undefined) return
    this.#lostAt ??= Math.max(this.#heardAt, this.#lastMessageAt ?? 0)
    const error = this.#lastError ?? new Error('Redis closed the connection')
    const kind = isReply(error) ? 'refused' : 'unreachable'
    if (this.#reported.has(kind)) return
    this.#reported.add(kind)
    this.#log.error(
      { code: CODE, reason: this.#textOf(error), remedy: remedyOf(error) },
      kind === 'refused'
        ? 'Redis refuses the connection: nothing that is published is heard; trying again'
        : 'Redis is unreachable: nothing that is published is heard; trying again',
    )
  }

  /** Asks for each pattern by itself, so that one which is refused does not keep out the others. */
  #subscribe(): void {
    const answers = this.#unconfirmed().map((pattern) =>
      this.#redis.psubscribe(pattern).then(
        () => this.#granted(pattern),
        (error) => this.#denied(pattern, error),
      ),
    )
    void Promise.all(answers).then(() => this.#settled())
  }

  #granted(pattern: string): void {
    this.#heard()
    if (!this.#patterns.has(pattern)) return // given up meanwhile
    this.#confirmed.add(pattern)
    if (this.#refused.delete(pattern)) this.#log.info({ pattern }, 'Redis now allows the pattern')
  }

  #denied(pattern: string, error: Error): void {
    if (!isReply(error)) return // the connection is going, which is reported when it has gone
    this.#heard()
    if (this.#refused.has(pattern) || !this.#patterns.has(pattern)) return
    this.#refused.add(pattern)
    this.#log.error(
      { code: CODE, pattern, reason: this.#textOf(error), remedy: remedyOf(error, pattern) },
      'Redis refuses the pattern: nothing that is published on it is heard; trying again',
    )
  }

  /** Redis has answered for every pattern. */
  #settled(): void {
    const lostAt = this.#lostAt
    if (lostAt === undefined || this.#confirmed.size === 0) return
    this.#lostAt = undefined
    const patterns = [...this.#confirmed]
    if (this.#reported.size === 0) {
      this.#log.info({ patterns }, 'listening to Redis')
      return
    }
    this.#reported.clear()
    const now = this.#clock.now()
    this.#log.warn(
      {
        patterns,
        lostFrom: new Date(lostAt).toISOString(),
        lostUntil: new Date(now).toISOString(),
        lostSeconds: (now - lostAt) / 1000,
      },
      'Redis is back; what was published meanwhile is lost',
    )
  }

  /** Ends a connection that is open but silent, which TCP alone may not notice for hours. */
  #check(): void {
    const { status } = this.#redis
    if (status !== 'connect' && status !== 'ready') return // connecting has its own timeout
    if (this.#silentChecks >= SILENT_CHECKS_ALLOWED) {
      this.#failed(new Error(`no answer for ${(this.#silentChecks * CHECK_INTERVAL_MS) / 1000} s`))
      this.#redis.disconnect(true)
      return
    }
    this.#silentChecks += 1
    if (status !== 'ready') return
    this.#ping()
    this.#subscribe()
  }

  #ping(): void {
    const sentAt = performance.now()
    this.#redis.ping().then(
      () => {
        this.#roundTripSeconds = (performance.now() - sentAt) / 1000
        this.#heard()
      },
      (error: Error) => {
        if (isReply(error)) this.#heard() // an ACL may refuse the command: an answer all the same
      },
    )
  }

  #heard(): void {
    this.#heardAt = this.#clock.now()
    this.#silentChecks = 0
  }

  #unconfirmed(): string[] {
    return [...this.#patterns].filter((pattern) => !this.#confirmed.has(pattern))
  }

  /**
   * The text of an error and nothing else of it: ioredis adds the command, with the password among
   * its arguments. Failing on several addresses has no text, but a code.
   */
  #textOf(error: Error & { readonly code?: unknown }): string {
    const text = error.message === '' ? String(error.code) : error.message
    return this.#password === '' ? text : text.replaceAll(this.#password, '********')
  }
}

/** Whether Redis itself said so. */
const isReply = (error: Error): boolean => error.name === 'ReplyError'

/** Doubles from attempt to attempt up to a bound; a random half of it, so that nodes spread out. */
function retryDelay(attempt: number): number {
  const longest = Math.min(FIRST_RETRY_MS * 2 ** (attempt - 1), LONGEST_RETRY_MS)
  return longest * (0.5 + Math.random() / 2)
}

function remedyOf({ message }: Error, pattern?: string): string {
  if (/^(?:WRONGPASS|NOAUTH)/.test(message)) {
    return 'Correct the user or password in the Redis URL (redis.url, apps[].laravel.redisUrl).'
  }
  if (pattern !== undefined && message.startsWith('NOPERM')) {
    return `Allow the Redis user to listen: ACL SETUSER <user> +psubscribe +punsubscribe +ping &${pattern}`
  }
  return FAULTS[CODE].remedy
}
