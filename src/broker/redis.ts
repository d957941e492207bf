/**
 * Several nodes over one Redis. Which Redis that is, one server, a master that Sentinels name or a Cluster,
 * is configuration.
 *
 * Apps are spread over shards, each complete in itself: one where there is one Redis, several in a Cluster,
 * which keeps the keys of each in one slot. While Redis does not answer, this node goes on by itself: it
 * delivers here, lets clients in, and says of every publication that the others did not get it.
 */
import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import type { Member } from '../../channels/kind.ts'
import { kindOf } from '../../channels/kinds.ts'
import type { App } from '../apps/app.ts'
import type { AppSource } from '../apps/app-source.ts'
import type { Clock } from '../clock.ts'
import { ResoundError } from '../errors.ts'
import type { CachedEvent, EventCache } from '../hub/event-cache.ts'
import type { Publication } from '../hub/publication.ts'
import { createRedis, type RedisClient } from '../redis/connect.ts'
import { isReply } from '../redis/location.ts'
import type { RedisTarget } from '../redis/target.ts'
import type { Attendance, Broker, BrokerNews, Recalled, Soon } from './broker.ts'
import type { BusCounts } from './bus.ts'
import { CONNECTIONS, type CountOptions } from './counts.ts'
import { type EventRecord, encodeRecord } from './envelope.ts'
import { NodeShard, type ShardEvents } from './node-shard.ts'
import { Report } from './report.ts'
import { USERS } from './seats.ts'
import type { Durations } from './shard.ts'
import { Store } from './store.ts'

export interface RedisBrokerParts {
  readonly target: RedisTarget
  readonly keyPrefix: string
  readonly apps: AppSource
  /** What this node remembers by itself, for as long as Redis does not answer. */
  readonly cache: EventCache
  readonly cacheTtlSeconds: number
  readonly lingerSeconds: number
  readonly graceSeconds: number
  /** How late this node's event loop is, for those who would send it their connections. */
  readonly delaySeconds: () => number
  /** What the node says of itself to operators. */
  readonly about: Readonly<Record<string, unknown>>
  readonly log: Logger
  readonly clock: Clock
  /** Shorter ones make a test of a thousand lives short. */
  readonly durations?: Partial<Durations>
}

/** How the node is doing among the others. */
export interface GroupState {
  readonly node: string
  /** Whether Redis has all that this node holds, and this node hears the others. */
  readonly isLive: boolean
  /** Nodes whose lease holds, this one included. */
  readonly nodes: number
  /** Between nodes, by what became of them here. */
  readonly messages: Readonly<Record<keyof BusCounts, number>>
}

const CONNECT_TIMEOUT_MS = 2000
/** Less than the two seconds within which a publication is answered. */
const COMMAND_TIMEOUT_MS = 1800
/** A connection that owes an answer and says nothing for so long is given up: nobody may ever close it. */
const SILENCE_MS = 3000
const DISCONNECT_TIMEOUT_MS = 100
/** Short, as three seconds after Redis is back all has to be right again, two of which are for settling. */
const RETRY_MS = 300
/** How long a start waits for the lease: a Redis that is away must not keep the server from starting. */
const START_MS = 3000

/** In a Cluster; for all nodes the same, whatever their release: it decides where an app's keys are. */
const CLUSTER_SHARDS = 8

const DURATIONS: Durations = {
  leaseMilliseconds: 10_000,
  renewMilliseconds: 2500,
  settleMilliseconds: 2000,
  graceMilliseconds: 3000,
  retryMilliseconds: RETRY_MS,
  reviewMilliseconds: 30_000,
}

const CLAIM_MS = 120_000

/** A miss is told again after that, if it still is one. */
const MISS_MS = 30 * 60 * 1000

const NOT_SHARED = 'The other nodes may not have got this: Redis does not answer. Try again.'
const NOT_KNOWN = 'What all nodes have together is not known: Redis does not answer. Try again.'

export class RedisBroker implements Broker {
  readonly #parts: RedisBrokerParts
  readonly #node = randomBytes(8).toString('hex')
  readonly #redis: RedisClient
  readonly #shards: readonly NodeShard[]
  readonly #report: Report
  /** Whether Redis has answered the last time that it was asked something. */
  #isAnswering = false
  #isStopping = false
  #news: BrokerNews | undefined
  readonly #whenLive: (() => void)[] = []

  constructor(parts: RedisBrokerParts) {
    this.#parts = parts
    const { target, log, clock } = parts
    this.#report = new Report(target, log)
    this.#redis = createRedis(target, {
      connectionName: 'resound-node',
      connectTimeout: CONNECT_TIMEOUT_MS,
      commandTimeout: COMMAND_TIMEOUT_MS,
      socketTimeout: SILENCE_MS,
      disconnectTimeout: DISCONNECT_TIMEOUT_MS,
      retryStrategy: () => RETRY_MS * (0.5 + Math.random() / 2),
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      enableOfflineQueue: false,
      enableReadyCheck: true,
      disableClientInfo: true,
    })
    this.#redis.on('error', (error: Error) => this.#report.failing(error))
    this.#redis.on('close', () => this.#closed())
    this.#redis.on('ready', () => this.#connected())
    const isCluster = target.cluster.length > 0
    const prefixes = isCluster
      ? Array.from({ length: CLUSTER_SHARDS }, (_, index) => `${parts.keyPrefix}{${index}}:`)
      : [`${parts.keyPrefix}{0}:`]
    const durations = {
      ...DURATIONS,
      graceMilliseconds: 1000 * parts.graceSeconds,
      ...parts.durations,
    }
    this.#shards = prefixes.map(
      (prefix) =>
        new NodeShard({
          store: new Store({
            redis: this.#redis,
            prefix,
            send: isCluster ? 'SPUBLISH' : 'PUBLISH',
            ...durations,
          }),
          target,
          kind: isCluster ? 'shard' : 'channel',
          node: this.#node,
          about: JSON.stringify({ ...parts.about, node: this.#node }),
          durations,
          delayMilliseconds: () => 1000 * parts.delaySeconds(),
          lingerMilliseconds: 1000 * parts.lingerSeconds,
          events: this.#events(),
          clock,
          log,
        }),
    )
  }

  reportTo(news: BrokerNews): void {
    this.#news = news
  }

  /**
   * Connects, and takes part in the group. Resolves when the others know this node, or when Redis has been
   * found not to answer: the server goes on without it, and this goes on trying.
   */
  async start(): Promise<void> {
    for (const { bus } of this.#shards) bus.start()
    let cancel = (): void => {}
    const over = new Promise<void>((resolve) => {
      cancel = this.#parts.clock.after(START_MS, resolve)
      this.#whenLive.push(resolve)
    })
    this.#redis.connect().catch(() => {}) // the events error and close tell
    await over
    cancel()
  }

  /** Says goodbye to the others. Call when no connection is left. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#report.end()
    await Promise.all(this.#shards.map((shard) => shard.stop()))
    const isOpen = this.#redis.status === 'ready' || this.#redis.status === 'connect'
    const ended = new Promise<void>((resolve) => this.#redis.once('end', () => resolve()))
    this.#redis.disconnect()
    if (isOpen) await ended
  }

  get state(): GroupState {
    const messages: BusCounts = { received: 0, malformed: 0, sent: 0, failed: 0 }
    for (const { bus } of this.#shards) {
      messages.received += bus.counts.received
      messages.malformed += bus.counts.malformed
      messages.sent += bus.counts.sent
      messages.failed += bus.counts.failed
    }
    return {
      node: this.#node,
      isLive: this.#shards.every(({ shard, bus }) => shard.isLive && bus.state.isUp),
      nodes: Math.max(0, ...this.#shards.map(({ shard }) => shard.nodes)),
      messages,
    }
  }

  /** How late the event loop of the latest of the other nodes is. */
  get latestSeconds(): number {
    return Math.max(...this.#shards.map(({ shard }) => shard.latestMilliseconds)) / 1000
  }

  /** How its Redis is doing. */
  get redis(): {
    readonly isUp: boolean
    readonly roundTripSeconds: number | undefined
    readonly lastMessageAgeSeconds: undefined
  } {
    const roundTrips = this.#shards.flatMap(({ bus }) => bus.state.roundTripSeconds ?? [])
    return {
      isUp: this.#isAnswering && this.#shards.every(({ bus }) => bus.state.isUp),
      roundTripSeconds: roundTrips.length === 0 ? undefined : Math.max(...roundTrips),
      lastMessageAgeSeconds: undefined, // nodes always have something to say
    }
  }

  /** Resolves when everything that was said here before has been heard here, and so sent to every node. */
  async echo(): Promise<void> {
    await Promise.all(
      this.#shards.map(async ({ shard, bus }) => {
        await shard.emptied()
        await bus.echo()
      }),
    )
  }

  // hot path: once per publication (test/bench, two nodes). No parsing, and one message per turn.
  publish(publication: Publication): Promise<void> {
    const { app, channels, event, data, exceptSocketId, userId, source } = publication
    if (!this.#isAnswering) return Promise.reject(this.#unavailable(NOT_SHARED))
    const record: EventRecord = {
      type: 'event',
      appId: app.id,
      channels,
      event,
      data,
      exceptSocketId,
      userId,
      source: source === 'client' ? 'client' : 'http',
    }
    const kept = source === 'client' ? undefined : this.#remember(publication)
    const said = this.#shardOf(app.id).bus.say(encodeRecord(record))
    const done = kept === undefined ? said : Promise.all([kept, said]).then(() => {})
    return done.catch((fault: unknown) => this.#fail(fault, NOT_SHARED))
  }

  keep(publication: Publication): void {
    if (this.#isAnswering) this.#remember(publication)?.catch((fault) => this.#failed(fault))
  }

  terminate({ id: appId }: App, userId: string): Promise<void> {
    if (!this.#isAnswering) return Promise.reject(this.#unavailable(NOT_SHARED))
    const record = encodeRecord({ type: 'terminate', appId, userId })
    const said = this.#shardOf(appId).bus.say(record)
    return said.catch((fault: unknown) => this.#fail(fault, NOT_SHARED))
  }

  enter(app: App, channel: string, member: Member): Soon<Attendance | 'full'> {
    const { seats, counts } = this.#shardOf(app.id)
    const at = { appId: app.id, channel }
    const counting = countOptions(app, channel)
    counts.arriving(at, 1, counting)
    const outcome = seats.enter(at, member, {
      most: app.limits.presenceMembers,
      tells: app.tells('member_removed'),
    })
    if (outcome instanceof Promise) {
      return outcome.then((attendance) => {
        counts.arriving(at, -1, counting) // in the turn in which it is counted, or is not
        return attendance
      })
    }
    counts.arriving(at, -1, counting)
    return outcome
  }

  leave({ id: appId }: App, channel: string, userId: string, lingers: boolean): void {
    this.#shardOf(appId).seats.leave({ appId, channel }, userId, lingers)
  }

  counted(app: App, channel: string, _before: number, count: number): undefined {
    const { counts } = this.#shardOf(app.id)
    counts.changed({ appId: app.id, channel }, count, countOptions(app, channel))
  }

  connected({ id: appId, settings }: App, count: number): void {
    this.#shardOf(appId).counts.changed({ appId, channel: CONNECTIONS }, count, {
      tells: false,
      announces: settings.maxConnections > 0,
    })
  }

  signIn({ id: appId }: App, userId: string): Soon<void> {
    const member = { userId, userInfo: 'null' }
    const entered = this.#shardOf(appId).seats.enter({ appId, channel: USERS }, member, ANY_NUMBER)
    if (entered instanceof Promise) return entered.then(() => {})
  }

  signOut({ id: appId }: App, userId: string, lingers: boolean): void {
    this.#shardOf(appId).seats.leave({ appId, channel: USERS }, userId, lingers)
  }

  watch({ id: appId }: App, userIds: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#shardOf(appId).watched.watch(appId, userIds)
  }

  unwatch({ id: appId }: App, userIds: readonly string[]): void {
    this.#shardOf(appId).watched.unwatch(appId, userIds)
  }

  async recall(app: App, channel: string): Promise<Recalled> {
    const known = { event: this.#parts.cache.recall(`${app.id}\n${channel}`), tellsMiss: false }
    if (!this.#isAnswering) return known
    const missMilliseconds = app.tells('cache_miss') ? MISS_MS : 0
    try {
      const { store } = this.#shardOf(app.id)
      const { text, tellsMiss } = await store.recall(app.id, channel, missMilliseconds)
      return { event: text === undefined ? undefined : cachedEvent(text), tellsMiss }
    } catch (fault) {
      this.#failed(fault)
      return known
    }
  }

  claim({ id: appId }: App, name: string): Promise<string | undefined> {
    return this.#asked(appId, (store) => store.claim(appId, name, CLAIM_MS))
  }

  async settle({ id: appId }: App, name: string, text: string | undefined): Promise<void> {
    if (!this.#isAnswering) return // the name is given back when its time is over
    try {
      await this.#shardOf(appId).store.settle(appId, name, text, CLAIM_MS)
    } catch (fault) {
      this.#failed(fault)
    }
  }

  connectionsOf({ id: appId }: App): number {
    return this.#shardOf(appId).counts.totalOf({ appId, channel: CONNECTIONS })
  }

  async connections(app: App): Promise<number> {
    const [connections = 0] = await this.subscriptionCounts(app, [CONNECTIONS])
    return connections
  }

  channels({ id: appId }: App, prefix: string): Promise<readonly string[]> {
    return this.#asked(appId, async (store) => {
      const names: string[] = []
      for await (const part of store.channels(appId, prefix)) names.push(...part)
      return [...new Set(names)].filter((name) => name !== CONNECTIONS) // HSCAN may repeat itself
    })
  }

  subscriptionCounts({ id: appId }: App, channels: readonly string[]): Promise<readonly number[]> {
    return this.#asked(appId, (store) => inParts(channels, (part) => store.totals(appId, part)))
  }

  userCounts({ id: appId }: App, channels: readonly string[]): Promise<readonly number[]> {
    return this.#asked(appId, (store) => inParts(channels, (part) => store.userCounts(appId, part)))
  }

  users({ id: appId }: App, channel: string): Promise<readonly string[]> {
    return this.#asked(appId, (store) => store.users(appId, channel))
  }

  cached({ id: appId }: App, channel: string): Promise<{ data: string; ttl: number } | null> {
    return this.#asked(appId, async (store) => {
      const { text, ttlMilliseconds } = await store.recall(appId, channel, 0)
      if (text === undefined) return null
      return { data: cachedEvent(text).data, ttl: Math.ceil(ttlMilliseconds / 1000) }
    })
  }

  #shardOf(appId: string): NodeShard {
    const [first, ...others] = this.#shards
    if (first === undefined) throw new Error('a broker has at least one shard')
    if (others.length === 0) return first
    return this.#shards[checksum(appId) % this.#shards.length] ?? first
  }

  #events(): ShardEvents {
    const withApp = (appId: string, then: (app: App, news: BrokerNews) => void): void => {
      const app = this.#parts.apps.byId(appId)
      if (app !== undefined && this.#news !== undefined) then(app, this.#news)
    }
    return {
      memberAdded: ({ appId, channel }, member) =>
        withApp(appId, (app, news) => news.memberAdded(app, channel, member)),
      memberRemoved: ({ appId, channel }, userId) =>
        withApp(appId, (app, news) => news.memberRemoved(app, channel, userId)),
      userChanged: (appId, userId, isOnline) =>
        withApp(appId, (app, news) => news.userChanged(app, userId, isOnline)),
      total: ({ appId, channel }, total, isOurs) => {
        if (channel === CONNECTIONS) return
        withApp(appId, (app, news) => news.total(app, channel, total, isOurs))
      },
      memberCame: ({ appId, channel }, userId) =>
        withApp(appId, (app, news) => {
          if (channel === USERS || !app.tells('member_added')) return
          news.occurred(app, { name: 'member_added', channel, userId })
        }),
      occupied: ({ appId, channel }) =>
        withApp(appId, (app, news) => {
          if (channel === CONNECTIONS || !app.tells('channel_occupied')) return
          news.occurred(app, { name: 'channel_occupied', channel })
        }),
      gone: ({ appId, ...occurrence }) =>
        withApp(appId, (app, news) => {
          if (occurrence.channel.startsWith('#') || !app.tells(occurrence.name)) return
          news.occurred(app, occurrence)
        }),
      heard: (record) => withApp(record.appId, (app, news) => this.#heard(record, app, news)),
      terminated: (appId, userId) => withApp(appId, (app, news) => news.terminated(app, userId)),
      live: (nodes) => this.#live(nodes),
      lost: (fault) => {
        if (fault !== undefined) this.#failed(fault)
        for (const resolve of this.#whenLive.splice(0)) resolve()
      },
    }
  }

  #heard(record: EventRecord, app: App, news: BrokerNews): void {
    const { channels, event, data, exceptSocketId, userId, source } = record
    news.heard({
      app,
      channels,
      event,
      data,
      exceptSocketId,
      source,
      received: undefined,
      ...(userId === undefined ? {} : { userId }),
    })
  }

  /** @returns nothing where no channel remembers */
  #remember({ app, channels, event, data }: Publication): Promise<unknown> | undefined {
    const cached = channels.filter((name) => kindOf(name).cached)
    if (cached.length === 0) return undefined
    const text = JSON.stringify([event, data])
    const { store } = this.#shardOf(app.id)
    const ttl = 1000 * this.#parts.cacheTtlSeconds
    return Promise.all(cached.map((name) => store.remember(app.id, name, text, ttl)))
  }

  async #asked<T>(appId: string, question: (store: Store) => Promise<T>): Promise<T> {
    if (!this.#isAnswering) throw this.#unavailable(NOT_KNOWN)
    try {
      return await question(this.#shardOf(appId).store)
    } catch (fault) {
      return this.#fail(fault, NOT_KNOWN)
    }
  }

  #connected(): void {
    this.#isAnswering = true
    for (const { shard } of this.#shards) {
      shard.start()
      shard.connected()
    }
  }

  #closed(): void {
    this.#isAnswering = false
    if (this.#isStopping) return
    const fault = this.#report.closed()
    this.#report.failed(fault)
    for (const { shard } of this.#shards) shard.lost(fault)
    for (const resolve of this.#whenLive.splice(0)) resolve()
  }

  #live(nodes: number): void {
    this.#isAnswering = true
    if (!this.#shards.every(({ shard }) => shard.isLive)) return
    this.#report.succeeded(nodes)
    for (const resolve of this.#whenLive.splice(0)) resolve()
  }

  /** Something that was asked of Redis has failed: an answer is an answer, anything else is silence. */
  #failed(fault: unknown): void {
    if (fault instanceof Error && isReply(fault)) {
      this.#report.failed(fault)
      return
    }
    this.#isAnswering = false
    this.#report.failed(fault)
    for (const { shard } of this.#shards) shard.lost(fault)
  }

  #fail(fault: unknown, message: string): never {
    this.#failed(fault)
    throw this.#unavailable(message, fault)
  }

  #unavailable(message: string, cause?: unknown): ResoundError {
    return new ResoundError('RESOUND_REDIS_UNREACHABLE', message, { cause })
  }
}

const countOptions = (app: App, channel: string): CountOptions => ({
  tells: app.tells('channel_vacated'),
  announces: app.settings.subscriptionCount && kindOf(channel).name !== 'presence',
})

const ANY_NUMBER = { most: 0, tells: false } as const
const PART = 500

async function inParts(
  channels: readonly string[],
  ask: (part: readonly string[]) => Promise<readonly number[]>,
): Promise<readonly number[]> {
  const answers: number[] = []
  for (let from = 0; from < channels.length; from += PART) {
    answers.push(...(await ask(channels.slice(from, from + PART))))
  }
  return answers
}

/** As `#remember` wrote it. @throws SyntaxError for anything else */
function cachedEvent(text: string): CachedEvent {
  const [event, data]: unknown[] = JSON.parse(text)
  return { event: String(event), data: String(data) }
}

/** FNV-1a: the same on every node and in every release, since it says where an app's keys are. */
function checksum(text: string): number {
  let sum = 0x811c9dc5
  for (let i = 0; i < text.length; i += 1) {
    sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193) >>> 0
  }
  return sum
}
