/**
 * Tells apps what happens on their channels: from an occurrence to the request that carries it.
 *
 * An occurrence passes the grace, is written as JSON once, gathered for each webhook that wants it,
 * queued, and delivered by the dispatcher. Nothing here is waited for by whoever reports an occurrence.
 */
import type { Logger } from 'pino'
import type { App } from '../apps/app.ts'
import type { Clock } from '../clock.ts'
import type { Config } from '../config/schema.ts'
import type { Occurrence } from '../hub/occurrence.ts'
import { Outward } from '../outward/outward.ts'
import { isConfigured } from '../redis/target.ts'
import { BATCH_BYTES, Batches } from './batch.ts'
import { Budget } from './budget.ts'
import { deliver, type Ways } from './deliver.ts'
import { Dispatcher, type Outcome, REQUESTS_AT_ONCE } from './dispatcher.ts'
import { type Endpoint, endpointsOf, keyOf } from './endpoint.ts'
import { eventText } from './events.ts'
import { Grace } from './grace.ts'
import { MemoryQueue } from './memory-queue.ts'
import type { Failure, QueueNews, WebhookQueue } from './queue.ts'
import { RedisQueue } from './redis-queue.ts'

export interface WebhooksOptions {
  readonly config: Config['webhooks']
  /** Where queues outlive this process, if there is one. */
  readonly redis: Config['redis']
  readonly log: Logger
  readonly clock: Clock
}

/** How an app's webhooks are doing, in events. */
export interface WebhookState {
  readonly appId: string
  readonly outcomes: Readonly<Record<Outcome, number>>
  readonly waiting: number
}

/** What an event costs beside its text, in the batch that holds it. */
const EVENT_BYTES = 40
/** An endpoint's answer is read so that the connection can be used again, and not looked at. */
const ANSWER_BYTES = 64 * 1024
/** How long a stopping server goes on delivering. */
const FAREWELL_MILLISECONDS = 5000

/** Of one app in Redis, of all in memory; `webhooks.keptFailures` bounds their number. */
const KEPT_FAILURE_BYTES = 16 * 1024 * 1024

const NO_ENDPOINTS: readonly Endpoint[] = []

const noOutcomes = (): Record<Outcome, number> => ({
  delivered: 0,
  retried: 0,
  failed: 0,
  dropped: 0,
})

export class Webhooks {
  readonly #log: Logger
  readonly #clock: Clock
  readonly #budget: Budget
  readonly #grace: Grace
  readonly #batches: Batches
  readonly #queue: WebhookQueue
  readonly #ways: Ways
  readonly #dispatcher: Dispatcher
  readonly #byApp = new Map<string, readonly Endpoint[]>()
  readonly #byKey = new Map<string, Endpoint>()
  /** Of the apps that are served and have, or had, a webhook. */
  readonly #outcomes = new Map<string, Record<Outcome, number>>()
  #isDropping = false

  constructor({ config, redis, log, clock }: WebhooksOptions) {
    this.#log = log
    this.#clock = clock
    this.#budget = new Budget(config.queuedBytes)
    this.#grace = new Grace(1000 * config.graceSeconds, clock, this.#budget, (app, occurrence) =>
      this.#tell(app, occurrence),
    )
    const news: QueueNews = {
      work: (address) => this.#dispatcher.wake(address),
      dropped: (appId, events) => this.#dropped(appId, events),
      forgotten: (appId, events) => this.#forgotten(appId, events),
    }
    const { batchEvents, queuedBytes, keptFailures } = config
    const shared = {
      budget: this.#budget,
      news,
      clock,
      batchEvents,
      batchBytes: BATCH_BYTES,
      keptFailures,
      keptFailureBytes: Math.min(queuedBytes, KEPT_FAILURE_BYTES),
    }
    const { keyPrefix, ...target } = redis
    this.#queue = isConfigured(target)
      ? new RedisQueue({ ...shared, target, keyPrefix, queuedBytes, log })
      : new MemoryQueue(shared)
    this.#batches = new Batches({
      events: config.batchEvents,
      milliseconds: config.batchMilliseconds,
      clock,
      push: (endpoint, entry) => this.#queue.push(endpoint, entry),
    })
    const way = (allowPrivateAddress: boolean): Outward =>
      new Outward({
        timeoutMilliseconds: 1000 * config.timeoutSeconds,
        answerBytes: ANSWER_BYTES,
        allowPrivateAddress,
        connections: REQUESTS_AT_ONCE, // a request that waits for one would run out of time
      })
    this.#ways = { guarded: way(false), unguarded: way(true) }
    this.#dispatcher = new Dispatcher({
      queue: this.#queue,
      endpointAt: (key) => this.#byKey.get(key),
      deliver: (endpoint, batch) => deliver(endpoint, batch, this.#ways),
      counted: (appId, outcome, events) => this.#count(appId, outcome, events),
      retryMilliseconds: 1000 * config.retrySeconds,
      clock,
      log,
    })
  }

  /** Takes over the apps' webhooks as they are now. */
  configure(apps: Iterable<App>): void {
    this.#batches.flush()
    this.#byApp.clear()
    this.#byKey.clear()
    const served = new Set<string>()
    for (const app of apps) {
      served.add(app.id)
      const endpoints = endpointsOf(app)
      if (endpoints.length === 0) continue
      this.#byApp.set(app.id, endpoints)
      for (const endpoint of endpoints) this.#byKey.set(keyOf(endpoint), endpoint)
      if (!this.#outcomes.has(app.id)) this.#outcomes.set(app.id, noOutcomes())
    }
    this.#queue.configure([...this.#byKey.values()])
    for (const appId of this.#outcomes.keys()) {
      if (!served.has(appId)) this.#outcomes.delete(appId)
    }
  }

  // hot path: once per occurrence (test/bench, webhooks). No promise and no timer of its own.
  /** Something has happened that the app wants to know; it returns at once. */
  occurred(app: App, occurrence: Occurrence): void {
    this.#grace.occurred(app, occurrence)
  }

  *states(): IterableIterator<WebhookState> {
    for (const [appId, outcomes] of this.#outcomes) {
      yield { appId, outcomes, waiting: this.#queue.waiting(appId) }
    }
  }

  /** Requests that were given up, the newest first, at most so many. @param appId of one app only */
  async failures(most: number, appId?: string): Promise<Failure[]> {
    const ids = appId === undefined ? [...this.#byApp.keys()] : [appId]
    let newest: Failure[] = []
    // One app after the other: all at once, those of many apps would have to fit into memory together.
    for (const id of ids) {
      const kept = await this.#queue.failures(id, most)
      if (kept.length === 0) continue
      newest = [...newest, ...kept].sort((a, b) => b.givenUpAt - a.givenUpAt).slice(0, most)
    }
    return newest
  }

  /** Queues failures again. @returns how many requests */
  async replay(appId?: string, ids?: readonly string[]): Promise<number> {
    const apps = appId === undefined ? [...this.#byApp.keys()] : [appId]
    let replayed = 0
    for (const id of apps) replayed += await this.#queue.replay(id, ids)
    return replayed
  }

  /**
   * Decides what waits for its grace time, and ends. What a queue in memory holds is tried once more,
   * for a few seconds; a durable queue keeps it.
   */
  async stop(): Promise<void> {
    this.#grace.decide()
    this.#batches.flush()
    if (this.#queue.isDurable) this.#dispatcher.end()
    else this.#dispatcher.finish()
    await this.#within(FAREWELL_MILLISECONDS, [this.#queue.stored(), this.#dispatcher.idle()])
    this.#dispatcher.end()
    await Promise.all([this.#ways.guarded.close(), this.#ways.unguarded.close()])
    await this.#dispatcher.idle()
    const lost = await this.#queue.stop()
    if (lost > 0) this.#log.warn({ events: lost }, 'webhook events are lost with this process')
  }

  #tell(app: App, occurrence: Occurrence): void {
    let text: string | undefined
    for (const endpoint of this.#byApp.get(app.id) ?? NO_ENDPOINTS) {
      if (!endpoint.wants(occurrence)) continue
      text ??= eventText(occurrence)
      const bytes = Buffer.byteLength(text) + EVENT_BYTES
      if (this.#budget.take(bytes)) this.#batches.add(endpoint, text, bytes)
      else this.#dropped(app.id, 1)
    }
    if (this.#isDropping && this.#budget.isRelaxed) this.#isDropping = false
  }

  #dropped(appId: string, events: number): void {
    this.#count(appId, 'dropped', events)
    if (this.#isDropping) return
    this.#isDropping = true
    this.#log.error(
      { appId },
      'webhook events are dropped: those that wait take all the memory they may (webhooks.queuedBytes)',
    )
  }

  #forgotten(appId: string, events: number): void {
    this.#count(appId, 'dropped', events)
    this.#log.warn(
      { appId, events },
      'webhook events are dropped: their webhook is no longer configured',
    )
  }

  /** Of an app that is gone nothing is counted: what was under way for it may end later. */
  #count(appId: string, outcome: Outcome, events: number): void {
    const outcomes = this.#outcomes.get(appId)
    if (outcomes !== undefined) outcomes[outcome] += events
  }

  #within(milliseconds: number, done: readonly Promise<void>[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(milliseconds, resolve)
      Promise.all(done)
        .finally(cancel)
        .then(() => resolve(), reject)
    })
  }
}
