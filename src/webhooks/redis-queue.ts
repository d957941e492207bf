/**
 * The queue in Redis: it outlives this process, and several nodes share it.
 *
 * What is pushed waits in memory until Redis has it, so that a Redis that is slow or away holds up
 * nobody. Exactly one node delivers an endpoint at a time: the one that the endpoint's lease names. A
 * lease comes with what is pushed or found in a sweep, and goes when the queue is empty; a node that
 * dies leaves it to expire. What Redis refuses or does not answer is tried again.
 */
import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import { type ErrorCode, ResoundError } from '../errors.ts'
import { createRedis, type RedisClient } from '../redis/connect.ts'
import { RedisReport, type ReportTexts } from '../redis/report.ts'
import { retryDelay } from '../redis/retry-delay.ts'
import type { RedisTarget } from '../redis/target.ts'
import { Backlog } from './backlog.ts'
import type { Budget } from './budget.ts'
import { type EndpointAddress, keyOf } from './endpoint.ts'
import type { Batch, Entry, Failure, QueueNews, WebhookQueue } from './queue.ts'
import { RedisStore, type RedisStoreOptions } from './redis-store.ts'

export interface RedisQueueOptions
  extends Omit<RedisStoreOptions, 'redis' | 'node' | 'leaseMilliseconds'> {
  readonly target: RedisTarget
  readonly budget: Budget
  readonly news: QueueNews
  readonly clock: Clock
  readonly log: Logger
}

const TEXTS: ReportTexts = {
  unreachable: 'Redis is unreachable: webhook events wait in memory; trying again',
  refused: 'Redis refuses what webhooks need: their events wait in memory; trying again',
  back: 'Redis is back: webhook events are kept in it',
  allow: 'Allow the Redis user what docs/redis.md names.',
}

const CODE: ErrorCode = 'RESOUND_REDIS_UNREACHABLE'
const CONNECT_TIMEOUT_MS = 5000
const COMMAND_TIMEOUT_MS = 2000
const DISCONNECT_TIMEOUT_MS = 100

/** Three rounds fit, so that one that is late does not lose an endpoint. */
const LEASE_MILLISECONDS = 10_000
const ROUND_MILLISECONDS = 3000

/** An endpoint that is this node's to deliver. */
interface Held {
  readonly address: EndpointAddress
  /** What is still to be told to Redis of the batch that was taken. */
  unsettled: (() => Promise<void>) | undefined
  /** Redis failed while it was at work: it goes on when Redis is back. */
  isInterrupted: boolean
}

export class RedisQueue implements WebhookQueue {
  readonly isDurable = true
  readonly #options: RedisQueueOptions
  readonly #redis: RedisClient
  readonly #store: RedisStore
  readonly #backlog: Backlog
  readonly #held = new Map<string, Held>()
  /** By app. */
  readonly #present = new Map<string, readonly EndpointAddress[]>()
  /** Events of each app in Redis, as of the last round. */
  readonly #waiting = new Map<string, number>()
  readonly #stopRounds: () => void
  #isStarted = false
  #isStopping = false
  readonly #report: RedisReport

  constructor(options: RedisQueueOptions) {
    const { target, budget, clock, log } = options
    this.#options = options
    this.#report = new RedisReport(target, log, TEXTS)
    this.#redis = createRedis(target, {
      connectionName: 'resound-webhooks',
      connectTimeout: CONNECT_TIMEOUT_MS,
      commandTimeout: COMMAND_TIMEOUT_MS,
      disconnectTimeout: DISCONNECT_TIMEOUT_MS,
      retryStrategy: retryDelay,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      enableOfflineQueue: false,
      enableReadyCheck: true,
      disableClientInfo: true,
    })
    this.#redis.on('error', (error: Error) => this.#report.failing(error))
    this.#redis.on('close', () => this.#report.closed())
    this.#redis.on('ready', () => this.#round())
    this.#store = new RedisStore({
      ...options,
      redis: this.#redis,
      node: randomUUID(),
      leaseMilliseconds: LEASE_MILLISECONDS,
    })
    this.#backlog = new Backlog({
      budget,
      write: (address, number, entries) => this.#write(address, number, entries),
    })
    this.#stopRounds = clock.every(ROUND_MILLISECONDS, () => this.#round())
  }

  push(address: EndpointAddress, entry: Entry): void {
    this.#backlog.push(address, entry)
  }

  async take(address: EndpointAddress): Promise<Batch | undefined> {
    const key = keyOf(address)
    const held = this.#held.get(key)
    if (held === undefined) return undefined
    try {
      await held.unsettled?.()
      held.unsettled = undefined
      const batch = await this.#store.take(address)
      this.#report.succeeded()
      if (batch !== undefined && batch !== null) return batch
      this.#held.delete(key)
    } catch (error) {
      held.isInterrupted = true
      this.#report.failed(error)
    }
    return undefined
  }

  delivered(address: EndpointAddress): Promise<void> {
    return this.#settle(address, () => this.#store.delivered(address))
  }

  giveUp(address: EndpointAddress, _batch: Batch, failure: Failure): Promise<void> {
    return this.#settle(address, () => this.#store.giveUp(address, failure))
  }

  configure(present: readonly EndpointAddress[]): void {
    this.#present.clear()
    for (const address of present) {
      const { appId } = address
      this.#present.set(appId, [...(this.#present.get(appId) ?? []), address])
    }
    const kept = new Set(present.map(keyOf))
    this.#backlog.keep(kept, ({ appId }, events) => this.#options.news.forgotten(appId, events))
    for (const [key, { address }] of this.#held) {
      if (kept.has(key)) continue
      this.#held.delete(key)
      void this.#release(address) // which reports its own failure
    }
    if (present.length > 0) this.#start()
  }

  waiting(appId: string): number {
    return this.#backlog.events(appId) + (this.#waiting.get(appId) ?? 0)
  }

  failures(appId: string, most: number): Promise<readonly Failure[]> {
    return this.#asked(async () =>
      (await this.#store.failures(appId, most)).map(({ failure }) => failure),
    )
  }

  replay(appId: string, ids?: readonly string[]): Promise<number> {
    return this.#asked(() => this.#replay(appId, ids))
  }

  stored(): Promise<void> {
    return this.#backlog.empty()
  }

  async stop(): Promise<number> {
    this.#isStopping = true
    this.#report.end()
    this.#stopRounds()
    if (this.#redis.status === 'ready') {
      await Promise.all([...this.#held.values()].map(({ address }) => this.#release(address)))
    }
    this.#held.clear()
    const isOpen = this.#redis.status === 'ready' || this.#redis.status === 'connect'
    const ended = new Promise<void>((resolve) => this.#redis.once('end', () => resolve()))
    this.#redis.disconnect()
    if (isOpen) await ended
    return this.#backlog.events()
  }

  /** Connects, once there is something to keep: a server without webhooks does without. */
  #start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    this.#redis.connect().catch(() => {}) // the events error and close tell
  }

  #hold(address: EndpointAddress): void {
    const key = keyOf(address)
    if (!this.#held.has(key)) {
      this.#held.set(key, { address, unsettled: undefined, isInterrupted: false })
    }
    this.#options.news.work(address)
  }

  async #write(
    address: EndpointAddress,
    number: number,
    entries: readonly Entry[],
  ): Promise<boolean> {
    if (this.#redis.status !== 'ready') return false
    try {
      const { count: dropped, isLeased } = await this.#store.push(address, number, entries)
      this.#report.succeeded()
      if (dropped > 0) this.#options.news.dropped(address.appId, dropped)
      if (isLeased) this.#hold(address)
      return true
    } catch (error) {
      this.#report.failed(error)
      return false
    }
  }

  /** Tells Redis what became of a batch; where it cannot be told, before the next one is taken. */
  async #settle(address: EndpointAddress, settle: () => Promise<void>): Promise<void> {
    try {
      await settle()
      this.#report.succeeded()
    } catch (error) {
      const held = this.#held.get(keyOf(address))
      if (held !== undefined) held.unsettled = settle
      this.#report.failed(error)
    }
  }

  async #replay(appId: string, ids: readonly string[] | undefined): Promise<number> {
    const present = new Set(this.#present.get(appId)?.map(({ id }) => id))
    const kept = (await this.#store.failures(appId)).reverse()
    let replayed = 0
    for (const { failure, json } of kept) {
      if (!present.has(failure.endpointId) || ids?.includes(failure.id) === false) continue
      const { count, isLeased } = await this.#store.replay(failure, json, this.#options.clock.now())
      replayed += count
      if (isLeased) this.#hold({ appId, id: failure.endpointId })
    }
    return replayed
  }

  /** What an operator asks for. @throws ResoundError where Redis does not do it */
  async #asked<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question()
    } catch (error) {
      this.#report.failed(error)
      const message = 'Redis, where webhook requests are kept, does not answer.'
      throw new ResoundError(CODE, message, { cause: error })
    }
  }

  /** Goes on with what Redis interrupted, keeps what is this node's, and looks for what is nobody's. */
  #round(): void {
    if (this.#redis.status !== 'ready' || this.#isStopping) return
    this.#backlog.resume()
    for (const held of this.#held.values()) {
      if (held.isInterrupted) {
        held.isInterrupted = false
        this.#options.news.work(held.address)
      } else {
        this.#store.renew(held.address).catch((error) => this.#report.failed(error))
      }
    }
    for (const [appId, addresses] of this.#present) {
      this.#sweep(appId, addresses).catch((error) => this.#report.failed(error))
    }
  }

  async #sweep(appId: string, addresses: readonly EndpointAddress[]): Promise<void> {
    const found = await this.#store.sweep(addresses)
    this.#report.succeeded()
    let waiting = 0
    for (const [index, { count, isLeased }] of found.entries()) {
      const address = addresses[index]
      waiting += count
      if (isLeased && address !== undefined) this.#hold(address)
    }
    if (waiting === 0) this.#waiting.delete(appId)
    else this.#waiting.set(appId, waiting)
  }

  async #release(address: EndpointAddress): Promise<void> {
    // It expires by itself where Redis does not answer.
    await this.#store.release(address).catch((error) => this.#report.failed(error))
  }
}
