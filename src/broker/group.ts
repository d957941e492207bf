/**
 * This node among the others: its connection to the Redis that they share, its part in each shard, and
 * whether Redis can be relied on at the moment.
 *
 * Apps are spread over shards, each complete in itself: one where there is one Redis, several in a Cluster,
 * which keeps the keys of each in one slot.
 */
import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import { type Clock, within } from '../clock.ts'
import { ResoundError } from '../errors.ts'
import { createRedis, type RedisClient } from '../redis/connect.ts'
import { isReply } from '../redis/location.ts'
import { RedisReport, type ReportTexts } from '../redis/report.ts'
import type { RedisTarget } from '../redis/target.ts'
import type { BusCounts } from './bus.ts'
import { DURATIONS, type Durations, RETRY_MS } from './durations.ts'
import { NodeShard, type ShardEvents, type ShardOverview } from './node-shard.ts'
import { Store } from './store.ts'

export interface GroupParts {
  readonly target: RedisTarget
  readonly keyPrefix: string
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

const TEXTS: ReportTexts = {
  unreachable: 'Redis is unreachable: this node goes on by itself; trying again',
  refused: 'Redis refuses what the nodes share: this node goes on by itself; trying again',
  back: 'Redis is back: this node is one of the group again',
  allow: 'Allow the Redis user the commands, keys and channels that docs/redis.md names.',
}

const CONNECT_TIMEOUT_MS = 2000
/** Less than the two seconds within which a publication is answered. */
const COMMAND_TIMEOUT_MS = 1800
/** A connection that owes an answer and says nothing for so long is given up: nobody may ever close it. */
const SILENCE_MS = 3000
const DISCONNECT_TIMEOUT_MS = 100
/** How long a start waits for the lease: a Redis that is away must not keep the server from starting. */
const START_MS = 3000

/** In a Cluster; for all nodes the same, whatever their release: it decides where an app's keys are. */
const CLUSTER_SHARDS = 8

export class NodeGroup {
  readonly #node = randomBytes(8).toString('hex')
  readonly #clock: Clock
  readonly #log: Logger
  readonly #redis: RedisClient
  readonly #shards: readonly NodeShard[]
  readonly #report: RedisReport
  /** Whether Redis has answered the last time that it was asked something. */
  #isAnswering = false
  #isStopping = false
  readonly #whenLive: (() => void)[] = []

  /** @param events what happens in the shards */
  constructor(parts: GroupParts, events: Omit<ShardEvents, 'live' | 'lost'>) {
    const { target, keyPrefix, log, clock } = parts
    this.#clock = clock
    this.#log = log
    this.#report = new RedisReport(target, log, TEXTS)
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
    const durations = {
      ...DURATIONS,
      graceMilliseconds: 1000 * parts.graceSeconds,
      ...parts.durations,
    }
    const shard = (prefix: string): NodeShard =>
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
        events: {
          ...events,
          live: (nodes) => this.#live(nodes),
          lost: (fault) => {
            if (fault !== undefined) this.failed(fault)
            this.#startedAnyhow()
          },
        },
        clock,
        log,
      })
    const numbers = Array.from({ length: isCluster ? CLUSTER_SHARDS : 1 }, (_, index) => index)
    this.#shards = numbers.map((number) => shard(`${keyPrefix}{${number}}:`))
  }

  /**
   * Connects, and takes part in the group. Resolves when the others know this node, or when Redis has been
   * found not to answer: the server goes on without it, and this goes on trying.
   */
  async start(): Promise<void> {
    for (const { bus } of this.#shards) bus.start()
    const settled = new Promise<void>((resolve) => this.#whenLive.push(resolve))
    this.#redis.connect().catch(() => {}) // the events error and close tell
    await within(this.#clock, START_MS, settled)
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

  /** Whether Redis answers, as far as anybody has asked it. */
  get isAnswering(): boolean {
    return this.#isAnswering
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
        await shard.pipeline.emptied()
        await bus.echo()
      }),
    )
  }

  /** What Redis has of the nodes, shard by shard. @throws Error where it does not answer */
  overview(): Promise<readonly ShardOverview[]> {
    return Promise.all(this.#shards.map((shard) => shard.overview()))
  }

  /** The shard that an app is in. */
  shardOf(appId: string): NodeShard {
    const { length } = this.#shards
    const shard = this.#shards[length === 1 ? 0 : checksum(appId) % length]
    if (shard === undefined) throw new Error('a group has at least one shard')
    return shard
  }

  /**
   * Asks Redis something about an app.
   * @param otherwise what the caller is told where it does not answer
   * @throws ResoundError RESOUND_REDIS_UNREACHABLE
   */
  async ask<T>(
    appId: string,
    question: (shard: NodeShard) => Promise<T>,
    otherwise: string,
  ): Promise<T> {
    if (!this.#isAnswering) throw unavailable(otherwise)
    try {
      return await question(this.shardOf(appId))
    } catch (fault) {
      this.failed(fault)
      throw unavailable(otherwise, fault)
    }
  }

  /** Something that was asked of Redis has failed: an answer is an answer, anything else is silence. */
  failed(fault: unknown): void {
    this.#report.failed(fault)
    if (fault instanceof Error && isReply(fault)) return
    this.#isAnswering = false
    for (const { shard } of this.#shards) shard.lost(fault)
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
    for (const { shard } of this.#shards) shard.lost(fault)
    this.#startedAnyhow()
  }

  #live(nodes: number): void {
    this.#isAnswering = true
    if (!this.#shards.every(({ shard }) => shard.isLive)) return
    this.#report.succeeded()
    this.#log.info({ nodes }, 'this node is one of the group')
    this.#startedAnyhow()
  }

  /** Whoever waits for the start goes on. */
  #startedAnyhow(): void {
    for (const resolve of this.#whenLive.splice(0)) resolve()
  }
}

function unavailable(message: string, cause?: unknown): ResoundError {
  return new ResoundError('RESOUND_REDIS_UNREACHABLE', message, { cause })
}

/** FNV-1a: the same on every node and in every release, since it says where an app's keys are. */
function checksum(text: string): number {
  let sum = 0x811c9dc5
  for (let i = 0; i < text.length; i += 1) {
    sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193) >>> 0
  }
  return sum
}
