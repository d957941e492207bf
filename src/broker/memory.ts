/**
 * A node by itself: what is true on all nodes is what is true here.
 */
import type { Member } from '../../channels/kind.ts'
import { kindOf } from '../../channels/kinds.ts'
import { isInternal } from '../../channels/name.ts'
import type { App } from '../apps/app.ts'
import type { Clock } from '../clock.ts'
import { First } from '../first.ts'
import type { EventCache } from '../hub/event-cache.ts'
import type { LiveApp } from '../hub/live-app.ts'
import type { Broker, BrokerNews, Recalled } from './broker.ts'
import { Linger } from './linger.ts'
import { Roll } from './roll.ts'

export interface MemoryBrokerParts {
  readonly cache: EventCache
  /** What is live of an app here. */
  readonly live: (app: App) => LiveApp
  readonly lingerMilliseconds: number
  readonly clock: Clock
}

export class MemoryBroker implements Broker {
  readonly #parts: MemoryBrokerParts
  readonly #rolls = new Map<string, Roll>()
  readonly #lingering: Linger<string>
  #news: BrokerNews | undefined

  constructor(parts: MemoryBrokerParts) {
    this.#parts = parts
    this.#lingering = new Linger(parts.lingerMilliseconds, parts.clock)
  }

  reportTo(news: BrokerNews): void {
    this.#news = news
  }

  stop(): void {
    this.#lingering.stop()
  }

  publish(): undefined {
    return undefined // there is nobody else
  }

  keep(): void {} // the hub has it in its cache

  terminate(): undefined {
    return undefined
  }

  enter(app: App, channel: string, member: Member): Roll | 'full' {
    const topic = topicOf(app, channel)
    const roll = this.#rolls.get(topic) ?? this.#open(app, channel, topic)
    const { userId } = member
    if (roll.has(userId)) {
      this.#lingering.cancel(keyOf(topic, userId))
      return roll
    }
    if (roll.count >= app.limits.presenceMembers) return 'full'
    // A channel is occupied before it has members.
    if (!this.#parts.live(app).channels.has(channel)) this.#tellOccupied(app, channel)
    roll.add(member)
    if (app.tells('member_added')) {
      this.#news?.occurred(app, { name: 'member_added', channel, userId })
    }
    return roll
  }

  leave(app: App, channel: string, userId: string, lingers: boolean): void {
    const topic = topicOf(app, channel)
    if (lingers) {
      this.#lingering.add(keyOf(topic, userId), () => this.#remove(app, channel, topic, userId))
    } else {
      this.#remove(app, channel, topic, userId)
    }
  }

  counted(app: App, channel: string, before: number, count: number): number {
    if (before === 0 && kindOf(channel).name !== 'presence') this.#tellOccupied(app, channel)
    if (count === 0 && app.tells('channel_vacated')) {
      this.#news?.occurred(app, { name: 'channel_vacated', channel })
    }
    return count
  }

  connected(): void {}

  signIn(app: App, userId: string): void {
    if (this.#lingering.cancel(userKey(app, userId))) return // nobody has been told that they left
    this.#news?.userChanged(app, userId, true)
  }

  signOut(app: App, userId: string, lingers: boolean): void {
    const done = (): void => this.#news?.userChanged(app, userId, false)
    if (lingers) this.#lingering.add(userKey(app, userId), done)
    else done()
  }

  watch(app: App, userIds: readonly string[]): ReadonlySet<string> {
    const { users } = this.#parts.live(app)
    const isOnline = (userId: string): boolean =>
      users.isOnline(userId) || this.#lingering.has(userKey(app, userId))
    return new Set(userIds.filter(isOnline))
  }

  unwatch(): void {}

  recall(app: App, channel: string): Recalled {
    return { event: this.#parts.cache.recall(topicOf(app, channel)), tellsMiss: true }
  }

  claim(): undefined {
    return undefined // whoever asks looks in its own memory before
  }

  settle(): void {}

  connectionsOf(app: App): number {
    return this.#parts.live(app).connections.size
  }

  connections(app: App): number {
    return this.connectionsOf(app)
  }

  channels(app: App, prefix: string): readonly string[] {
    const names: string[] = []
    for (const { name, kind } of this.#parts.live(app).channels.values()) {
      if (!kind.hidden && name.startsWith(prefix)) names.push(name)
    }
    return names
  }

  channelsAfter(
    app: App,
    prefix: string,
    after: string | undefined,
    most: number,
  ): readonly string[] {
    const first = new First<undefined>(most, after)
    for (const name of this.#parts.live(app).channels.keys()) {
      if (name.startsWith(prefix) && !isInternal(name)) first.add(name, undefined)
    }
    return first.entries().map(([name]) => name)
  }

  subscriptionCounts(app: App, channels: readonly string[]): readonly number[] {
    const live = this.#parts.live(app)
    return channels.map((name) => live.channels.get(name)?.count ?? 0)
  }

  userCounts(app: App, channels: readonly string[]): readonly number[] {
    return channels.map((name) => this.#rolls.get(topicOf(app, name))?.count ?? 0)
  }

  users(app: App, channel: string): readonly string[] {
    const roll = this.#rolls.get(topicOf(app, channel)) ?? []
    return [...roll].map(({ userId }) => userId)
  }

  members(app: App, channel: string): readonly Member[] {
    return [...(this.#rolls.get(topicOf(app, channel)) ?? [])]
  }

  cached(app: App, channel: string): { data: string; ttl: number } | null {
    return this.#parts.cache.describe(topicOf(app, channel))
  }

  #tellOccupied(app: App, channel: string): void {
    if (app.tells('channel_occupied')) {
      this.#news?.occurred(app, { name: 'channel_occupied', channel })
    }
  }

  #open(app: App, channel: string, topic: string): Roll {
    const roll = new Roll({
      added: (member) => this.#news?.memberAdded(app, channel, member),
      removed: (userId) => this.#news?.memberRemoved(app, channel, userId),
    })
    this.#rolls.set(topic, roll)
    return roll
  }

  #remove(app: App, channel: string, topic: string, userId: string): void {
    const roll = this.#rolls.get(topic)
    if (roll === undefined) return
    roll.remove(userId)
    if (roll.count === 0) this.#rolls.delete(topic)
    if (app.tells('member_removed')) {
      this.#news?.occurred(app, { name: 'member_removed', channel, userId })
    }
  }
}

/** As `LiveApp.topicOf`, without asking for what is live. */
const topicOf = (app: App, channel: string): string => `${app.id}\n${channel}`
const keyOf = (topic: string, userId: string): string => `m\n${topic}\n${userId}`
const userKey = (app: App, userId: string): string => `u\n${app.id}\n${userId}`
