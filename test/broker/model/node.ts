/**
 * A node of the model: its hub and broker are real, its clients are followed, and its road to Redis and
 * its time are in the history's hands.
 */
import { setImmediate } from 'node:timers/promises'
import { pino } from 'pino'
import { App } from '../../../src/apps/app.ts'
import type { Durations } from '../../../src/broker/durations.ts'
import type { RedisBroker } from '../../../src/broker/redis.ts'
import { AppConfig } from '../../../src/config/schema/app.ts'
import { Limits } from '../../../src/config/schema/limits.ts'
import { EventCache } from '../../../src/hub/event-cache.ts'
import { Hub } from '../../../src/hub/hub.ts'
import { Observers } from '../../../src/hub/observation.ts'
import type { Occurrence } from '../../../src/hub/occurrence.ts'
import { SubscriptionCounts } from '../../../src/hub/subscription-counts.ts'
import { ModelClient, type Watcher } from './client.ts'
import { Link } from './link.ts'
import { StoppableClock } from './stoppable-clock.ts'
import { Topics } from './topics.ts'

/** As in the server, but of a few tenths of a second; each in the same relation to the others. */
export const DURATIONS = {
  leaseMilliseconds: 1000,
  renewMilliseconds: 250,
  settleMilliseconds: 200,
  graceMilliseconds: 40,
  retryMilliseconds: 40,
  reviewMilliseconds: 300,
} as const
export const LINGER_MILLISECONDS = 60

export const APP = new App(
  AppConfig.parse({
    id: 'app',
    key: 'key',
    secret: 'secret',
    subscriptionCount: true,
    webhooks: [{ url: 'http://127.0.0.1:9/', events: ['member_added', 'channel_occupied'] }],
  }),
  Limits.parse({}),
)
const APPS = { byId: () => APP, byKey: () => APP, all: () => [APP], isComplete: true }

export class ModelNode {
  readonly name: number
  readonly hub: Hub
  readonly broker: RedisBroker
  readonly clients = new Set<ModelClient>()
  readonly #link: Link
  readonly #clock: StoppableClock
  readonly #topics: Topics
  #state: 'running' | 'paused' | 'gone' = 'running'
  #sockets = 0
  /** Whether something has kept it from renewing its lease: what it holds may have been taken away. */
  #hasLostLease = false
  /** Since when it has been without Redis; undefined while it is not. */
  #lostAt: number | undefined
  #longestMilliseconds = 0

  private constructor(
    name: number,
    parts: { hub: Hub; broker: RedisBroker; link: Link; clock: StoppableClock; topics: Topics },
  ) {
    this.name = name
    this.hub = parts.hub
    this.broker = parts.broker
    this.#link = parts.link
    this.#clock = parts.clock
    this.#topics = parts.topics
  }

  static async start(parts: {
    readonly name: number
    readonly redisPort: number
    readonly keyPrefix: string
    readonly Broker: typeof RedisBroker
    readonly occurred: (occurrence: Occurrence) => void
    readonly durations?: Partial<Durations>
  }): Promise<ModelNode> {
    const link = await Link.to(parts.redisPort)
    const clock = new StoppableClock()
    const topics = new Topics()
    const cache = new EventCache({ ttlSeconds: 60, maxBytes: 100_000, clock })
    let node: ModelNode | undefined
    const log = pino({ level: 'info' }, { write: (line: string) => node?.logged(line) })
    const broker = new parts.Broker({
      target: { url: link.url, cluster: [], sentinels: [], tls: {} },
      keyPrefix: parts.keyPrefix,
      apps: APPS,
      cache,
      cacheTtlSeconds: 60,
      lingerSeconds: LINGER_MILLISECONDS / 1000,
      graceSeconds: DURATIONS.graceMilliseconds / 1000,
      delaySeconds: () => 0,
      about: {},
      log,
      clock,
      durations: { ...DURATIONS, ...parts.durations },
    })
    const occurred = (_: App, occurrence: Occurrence): void => parts.occurred(occurrence)
    const counts = new SubscriptionCounts(clock, occurred)
    const hub = new Hub({
      fanout: topics,
      broker,
      cache,
      counts,
      occurred,
      observers: new Observers(clock),
    })
    node = new ModelNode(parts.name, { hub, broker, link, clock, topics })
    await broker.start()
    return node
  }

  get isRunning(): boolean {
    return this.#state === 'running'
  }

  get isGone(): boolean {
    return this.#state === 'gone'
  }

  get link(): Link {
    return this.#link
  }

  /** Whether it has been without Redis for no longer than that, ever. */
  keptLease(milliseconds: number): boolean {
    const lost = this.#lostAt === undefined ? 0 : Date.now() - this.#lostAt
    return !this.#hasLostLease && Math.max(lost, this.#longestMilliseconds) <= milliseconds
  }

  logged(line: string): void {
    if (line.includes('lease has ended')) this.#hasLostLease = true
    if (line.includes('goes on by itself')) this.#lostAt ??= Date.now()
    if (!line.includes('Redis is back: this node') || this.#lostAt === undefined) return
    this.#longestMilliseconds = Math.max(this.#longestMilliseconds, Date.now() - this.#lostAt)
    this.#lostAt = undefined
  }

  connect(userId: string, watcher: Watcher): ModelClient {
    this.#sockets += 1
    const socketId = `${this.name}.${this.#sockets}`
    const client = new ModelClient(this.hub.live(APP), socketId, userId, this.#topics, {
      removed: (...removed) => this.isGone || watcher.removed(...removed),
      wrong: (what) => this.isGone || watcher.wrong(`node ${this.name}, ${socketId}: ${what}`),
    })
    this.clients.add(client)
    this.hub.open(client.connection)
    return client
  }

  disconnect(client: ModelClient, lingers: boolean): void {
    this.clients.delete(client)
    client.detach()
    this.hub.close(client.connection, lingers)
  }

  pause(): void {
    this.#state = 'paused'
    this.#hasLostLease = true
    this.#clock.stop()
    this.#link.pause()
  }

  resume(): void {
    if (this.#state !== 'paused') return
    this.#state = 'running'
    this.#clock.resume()
    this.#link.resume()
  }

  /** Says goodbye: its clients are asked to come back, which none of them does. */
  async stop(): Promise<void> {
    for (const client of [...this.clients]) this.disconnect(client, true)
    this.#state = 'gone'
    await this.broker.stop()
    this.#clock.kill()
    await this.#link.close()
  }

  /** As `kill -9` does. */
  async crash(): Promise<void> {
    this.#state = 'gone'
    this.#link.resume() // so that its connections notice that they are closed
    await this.#link.close()
    while (this.broker.state.isLive) await setImmediate()
    this.#clock.resume()
    await this.broker.stop()
    this.#clock.kill()
  }
}
