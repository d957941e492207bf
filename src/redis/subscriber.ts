/**
 * One connection to a Redis that hears what is published on some patterns or channels.
 *
 * It owns the connection and keeps it: whatever Redis does, it goes on trying, subscribes again, and
 * says once that it lost Redis and once that it is back. Redis pub/sub has no replay, so what is
 * published in between is lost. Knows nothing of what the messages mean.
 */
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import { createSubscriber } from './connect.ts'
import { isReply, type Location } from './location.ts'
import { LostTime } from './lost-time.ts'
import { reasonOf } from './remedy.ts'
import { retryDelay } from './retry-delay.ts'
import { CODE, hear, type NameTexts, SubscribedNames } from './subscribed-names.ts'
import { nameOfRedis, type RedisTarget, textOf } from './target.ts'

/** What the log is told; constant texts. */
export interface SubscriberTexts extends NameTexts {
  readonly unreachable: string
  readonly refused: string
  readonly moved: string
  readonly listening: string
  readonly back: string
}

export interface RedisSubscriberOptions {
  readonly target: RedisTarget
  readonly kind: SubscriptionKind
  readonly names: readonly string[]
  /** @param name the pattern or channel that was subscribed to @param channel that it came on */
  readonly onMessage: (name: string, channel: Buffer, payload: Buffer) => void
  /** Every name is confirmed, at first or again: what was published before may have been missed. */
  readonly onListening?: () => void
  readonly connectionName: string
  /** Longest pause between attempts, also where a name was refused; two and five seconds when left out. */
  readonly retryMilliseconds?: number
  readonly texts: SubscriberTexts
  readonly log: Logger
  readonly clock: Clock
}

/** What the names are: patterns, channels, or channels of a shard of a Cluster. */
export type SubscriptionKind = 'pattern' | 'channel' | 'shard'

export interface RedisSubscriberState {
  /** Redis answers and has confirmed every name: what is published now arrives. */
  readonly isUp: boolean
  /** The patterns or channels that Redis has confirmed. */
  readonly patterns: readonly string[]
  readonly lastMessageAgeSeconds: number | undefined
  /** Of the last PING. */
  readonly roundTripSeconds: number | undefined
  /** Time in which messages were lost, altogether. */
  readonly lostSeconds: number
  /** How often Redis was back after it had been away. */
  readonly reconnects: number
}

const CONNECT_TIMEOUT_MS = 5000
/** A closing connection that does not close is destroyed; nothing of ours is left to be sent. */
const DISCONNECT_TIMEOUT_MS = 100

const CHECK_INTERVAL_MS = 5000
/** Two, so that neither a Redis that is busy for 5 s nor a late turn of our own loop looks dead. */
const SILENT_CHECKS_ALLOWED = 2

/** Why a connection is left that answers. */
const MOVED = new Error('Redis is elsewhere')

/** What became of a connection. */
type Fault = 'unreachable' | 'refused' | 'moved'

export class RedisSubscriber {
  readonly #redis: Redis
  readonly #location: Location
  readonly #options: RedisSubscriberOptions
  readonly #log: Logger
  readonly #clock: Clock
  readonly #names: SubscribedNames
  #stopChecking: (() => void) | undefined
  #cancelRetry: (() => void) | undefined
  #silentChecks = 0
  #looking: Promise<void> | undefined
  readonly #stopLooking = new AbortController()
  readonly #lost: LostTime
  #roundTripSeconds: number | undefined
  #reconnects = 0
  /** Whether it has been said that Redis is listened to, and not yet that it is gone. */
  #isListening = false

  #lastError: Error | undefined
  #hasAnswered = false
  /** What has been logged about the connection since Redis is gone. */
  readonly #reported = new Set<Fault>()

  constructor(options: RedisSubscriberOptions) {
    const { target, kind, names, onMessage, connectionName, texts, log, clock } = options
    this.#options = options
    this.#log = log.child({ redis: nameOfRedis(target) })
    this.#clock = clock
    this.#lost = new LostTime(clock)
    const behaviour = {
      connectionName,
      connectTimeout: CONNECT_TIMEOUT_MS,
      disconnectTimeout: DISCONNECT_TIMEOUT_MS,
      retryStrategy: (attempt: number) => retryDelay(attempt, options.retryMilliseconds),
      // Subscribed here, where a refusal is noticed; PSUBSCRIBE works while Redis is loading, too.
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
      enableOfflineQueue: false,
      enableReadyCheck: false,
      disableClientInfo: true,
    }
    const shardChannel = kind === 'shard' ? names[0] : undefined
    const { redis, location } = createSubscriber(target, behaviour, shardChannel)
    this.#redis = redis
    this.#location = location
    const heard = (): void => this.#heard()
    this.#names = new SubscribedNames({ redis, kind, names, target, texts, heard, log: this.#log })
    this.#redis.on('error', (error) => this.#failed(error))
    this.#redis.on('ready', () => this.#connected())
    this.#redis.on('close', () => this.#closed())
    hear(redis, kind, (name, channel, payload) => {
      this.#lost.message()
      this.#silentChecks = 0
      onMessage(name, channel, payload)
    })
  }

  /** Begins to connect, and returns at once: whether Redis is there is in the log and the state. */
  start(): void {
    this.#lost.answer()
    this.#redis.connect().catch(() => {}) // the events error and close tell
    this.#stopChecking = this.#clock.every(CHECK_INTERVAL_MS, () => this.#check())
  }

  get state(): RedisSubscriberState {
    const { lastMessageAt, seconds } = this.#lost
    return {
      isUp: this.#redis.status === 'ready' && this.#names.areConfirmed,
      patterns: this.#names.confirmed,
      lastMessageAgeSeconds:
        lastMessageAt === undefined ? undefined : (this.#clock.now() - lastMessageAt) / 1000,
      roundTripSeconds: this.#roundTripSeconds,
      lostSeconds: seconds,
      reconnects: this.#reconnects,
    }
  }

  /** Hears these patterns from now on, without a gap for those it heard before. */
  listenTo(patterns: readonly string[]): void {
    this.#names.want(patterns)
    if (this.#redis.status === 'ready') this.#subscribe()
  }

  /** Ends the connection and makes a new one: somebody knows that it hears nothing. */
  reconnect(reason: string): void {
    this.#failed(new Error(reason))
    this.#redis.disconnect(true)
  }

  /** Stops for good; resolves when the connection is closed. Idempotent. */
  async stop(): Promise<void> {
    this.#stopChecking?.()
    this.#stopChecking = undefined
    this.#cancelRetry?.()
    this.#stopLooking.abort()
    const { status } = this.#redis
    const isOpen = status === 'connecting' || status === 'connect' || status === 'ready'
    const ended = new Promise<void>((resolve) => this.#redis.once('end', () => resolve()))
    this.#redis.disconnect()
    if (isOpen) await ended
    await this.#looking
  }

  #failed(error: Error): void {
    this.#lastError = error
  }

  #connected(): void {
    this.#lastError = undefined
    this.#hasAnswered = true
    this.#silentChecks = 0
    if (this.#location.hasMoved !== undefined) this.#lost.placed(this.#clock.now())
    this.#subscribe()
  }

  #closed(): void {
    this.#names.lost()
    if (this.#stopChecking === undefined) return
    this.#isListening = false
    this.#lost.begin()
    const closed = `Redis closed the connection${this.#hasAnswered ? '' : ' before it answered'}`
    const error = this.#lastError ?? new Error(closed)
    this.#hasAnswered = false
    const fault = error === MOVED ? 'moved' : isReply(error) ? 'refused' : 'unreachable'
    if (this.#reported.has(fault)) return
    this.#reported.add(fault)
    if (fault === 'moved') this.#log.warn({ left: this.#at }, this.#options.texts[fault])
    else
      this.#log.error(
        { code: CODE, ...reasonOf(error, this.#options.target) },
        this.#options.texts[fault],
      )
  }

  #subscribe(): void {
    void this.#names.ask().then(() => {
      this.#settled()
      this.#tryAgain()
    })
  }

  /** Sooner than the next check, where that is asked for. */
  #tryAgain(): void {
    const { retryMilliseconds } = this.#options
    const { status } = this.#redis
    if (retryMilliseconds === undefined || this.#stopChecking === undefined) return
    if (status !== 'ready' || this.#names.areConfirmed) return
    this.#cancelRetry ??= this.#clock.after(retryMilliseconds, () => {
      this.#cancelRetry = undefined
      if (this.#redis.status === 'ready') this.#subscribe()
    })
  }

  /** Redis has answered for every pattern. */
  #settled(): void {
    const patterns = this.#names.confirmed
    if (this.#isListening || patterns.length === 0) return
    this.#isListening = true
    this.#reported.clear()
    const lost = this.#lost.end()
    const listening = { patterns, ...(this.#at === undefined ? {} : { at: this.#at }) }
    if (lost === undefined) this.#log.info(listening, this.#options.texts.listening)
    else {
      this.#reconnects += 1
      const lostFrom = new Date(lost.from).toISOString()
      const lostUntil = new Date(lost.until).toISOString()
      const lostSeconds = (lost.until - lost.from) / 1000
      this.#log.warn({ ...listening, lostFrom, lostUntil, lostSeconds }, this.#options.texts.back)
    }
    this.#options.onListening?.()
  }

  /** Ends a connection that is open but silent, which TCP alone may not notice for hours. */
  #check(): void {
    const { status } = this.#redis
    if (status !== 'connect' && status !== 'ready') return // connecting has its own timeout
    if (this.#silentChecks >= SILENT_CHECKS_ALLOWED) {
      this.reconnect(`no answer for ${(this.#silentChecks * CHECK_INTERVAL_MS) / 1000} s`)
      return
    }
    this.#silentChecks += 1
    if (status !== 'ready') return
    this.#ping()
    this.#subscribe()
    this.#looking ??= this.#look()
  }

  /** Leaves a place that still answers, but is not where messages are published any more. */
  async #look(): Promise<void> {
    const lookedAt = this.#clock.now()
    const hasMoved = await this.#location.hasMoved?.(this.#stopLooking.signal)
    this.#looking = undefined
    if (hasMoved === undefined || this.#redis.status !== 'ready') return
    if (!hasMoved) {
      this.#lost.placed(lookedAt)
      return
    }
    this.#failed(MOVED)
    this.#redis.disconnect(true)
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
    this.#lost.answer()
    this.#silentChecks = 0
  }

  /** Where of several possible places the connection leads; undefined where there is only one. */
  get #at(): string | undefined {
    const { given, hasMoved } = this.#location
    return given === undefined || hasMoved === undefined ? undefined : textOf(given)
  }
}
