/**
 * One shard with everything that this node has in it: the users who are here, its counts, whom it watches,
 * and the channel on which its nodes talk.
 */
import type { Logger } from 'pino'
import type { Member } from '../../channels/kind.ts'
import type { Clock } from '../clock.ts'
import type { RedisTarget } from '../redis/target.ts'
import { Bus } from './bus.ts'
import { Counts } from './counts.ts'
import type { Durations } from './durations.ts'
import type { BusRecord, EventRecord, QuestionRecord } from './envelope.ts'
import { type Holdings, holdingsOf } from './holdings.ts'
import type { Overview } from './overview.ts'
import type { Enqueue } from './pipeline.ts'
import { type At, Seats, USERS } from './seats.ts'
import { Shard } from './shard.ts'
import type { Gone, Store } from './store.ts'
import { Watched } from './watched.ts'

/** What happens in a shard; apps go by their ids. */
export interface ShardEvents {
  readonly memberAdded: (at: At, member: Member) => void
  readonly memberRemoved: (at: At, userId: string) => void
  readonly userChanged: (appId: string, userId: string, isOnline: boolean) => void
  readonly total: (at: At, total: number, isOurs: boolean) => void
  readonly memberCame: (at: At, userId: string) => void
  readonly occupied: (at: At) => void
  readonly gone: (gone: Gone) => void
  readonly heard: (record: EventRecord) => void
  readonly terminated: (appId: string, userId: string) => void
  /** Another node asks something of every node. @returns undefined for no answer */
  readonly asked: (question: unknown) => Promise<object | undefined>
  readonly live: (nodes: number) => void
  readonly lost: (fault: unknown) => void
}

export interface NodeShardParts {
  readonly store: Store
  readonly target: RedisTarget
  readonly kind: 'channel' | 'shard'
  readonly node: string
  readonly about: string
  readonly durations: Durations
  readonly delayMilliseconds: () => number
  readonly lingerMilliseconds: number
  readonly events: ShardEvents
  readonly clock: Clock
  readonly log: Logger
}

export interface ShardOverview extends Overview {
  /** Who the asking node is among those. */
  readonly incarnation: string | null
  /** Entries that there should be of it. */
  readonly held: number
}

/** Questions of other nodes; more are not answered. */
const ANSWERED_AT_ONCE = 16

export class NodeShard {
  readonly store: Store
  readonly bus: Bus
  readonly seats: Seats
  readonly counts: Counts
  readonly watched: Watched
  readonly shard: Shard
  readonly #holdings: Holdings
  readonly #events: ShardEvents
  readonly #lingerMilliseconds: number
  readonly #node: string
  readonly #log: Logger
  #answering = 0

  constructor(parts: NodeShardParts) {
    const { store, target, kind, node, about, durations, events, clock, log } = parts
    this.store = store
    this.#events = events
    this.#node = node
    this.#log = log
    this.#lingerMilliseconds = parts.lingerMilliseconds
    const enqueue: Enqueue = (operation, done) => this.shard.pipeline.enqueue(operation, done)
    this.seats = new Seats({
      enqueue,
      isLive: () => this.shard.isLive,
      lingerMilliseconds: parts.lingerMilliseconds,
      clock,
      news: {
        ...events,
        userChanged: (appId, userId, isOnline, number) =>
          this.watched.changed(appId, userId, isOnline, number),
        memberWent: () => this.shard.gone(),
      },
    })
    this.counts = new Counts(enqueue, {
      occupied: events.occupied,
      vacated: () => this.shard.gone(),
      total: events.total,
    })
    this.watched = new Watched({
      ask: async (appId, userIds) => {
        if (!this.shard.isLive) return undefined
        try {
          return await store.who(appId, USERS, userIds)
        } catch (fault) {
          this.shard.lost(fault)
          return undefined
        }
      },
      announce: events.userChanged,
    })
    this.#holdings = holdingsOf(this)
    this.shard = new Shard({
      store,
      node,
      about,
      durations,
      delayMilliseconds: parts.delayMilliseconds,
      holdings: this.#holdings,
      news: { live: events.live, lost: events.lost, gone: events.gone },
      clock,
      log,
    })
    this.bus = new Bus({
      target,
      kind,
      channel: store.bus,
      node,
      publish: (message) => store.publish(message),
      heard: (record) => this.#heard(record),
      onListening: () => {
        if (this.shard.isLive) this.seats.look()
        void this.watched.refresh()
      },
      clock,
      log,
    })
  }

  /** What Redis has of the nodes, and what this one holds. */
  async overview(): Promise<ShardOverview> {
    const held = this.#holdings.size()
    const seen = await this.store.overview(this.shard.incarnationId ?? '')
    return { ...seen, incarnation: this.shard.incarnationId ?? null, held }
  }

  async stop(): Promise<void> {
    await this.shard.stop(this.#lingerMilliseconds)
    this.seats.stop()
    await this.bus.stop()
  }

  #heard(record: BusRecord): void {
    switch (record.type) {
      case 'event':
        this.#events.heard(record)
        return
      case 'member': {
        const { appId, channel, userId, userInfo, change, before, number } = record
        if (record.generation !== this.shard.generation) {
          this.shard.doubt() // numbered by other data
          return
        }
        const member = { userId, userInfo }
        this.seats.apply({ appId, channel }, { change, member, before, number })
        return
      }
      case 'count':
        this.counts.apply(record, record.count, record.number)
        return
      case 'terminate':
        this.#events.terminated(record.appId, record.userId)
        return
      case 'question':
        void this.#answer(record)
        return
    }
  }

  /** Never rejects: who asks finds by itself that there is no answer. */
  async #answer({ id, question }: QuestionRecord): Promise<void> {
    if (this.#answering >= ANSWERED_AT_ONCE) return
    this.#answering += 1
    try {
      const answer = await this.#events.asked(question)
      if (answer !== undefined) await this.store.answer(id, this.#node, answer)
    } catch (fault) {
      this.#log.warn({ err: fault }, 'a question of another node is not answered')
    } finally {
      this.#answering -= 1
    }
  }
}
