/**
 * Several nodes over one Redis. Which Redis that is, one server, a master that Sentinels name or a Cluster,
 * is configuration.
 *
 * While Redis does not answer, this node goes on by itself: it delivers here, lets clients in, and says of
 * every publication that the others did not get it.
 */
import type { Member } from '../../channels/kind.ts'
import { kindOf } from '../../channels/kinds.ts'
import { isInternal } from '../../channels/name.ts'
import type { App } from '../apps/app.ts'
import type { AppSource } from '../apps/app-source.ts'
import type { Clock } from '../clock.ts'
import { First } from '../first.ts'
import type { CachedEvent, EventCache } from '../hub/event-cache.ts'
import type { Publication } from '../hub/publication.ts'
import type { Peers } from '../live/live.ts'
import { askPeers } from './asking.ts'
import type { Attendance, Broker, BrokerNews, Recalled, Soon } from './broker.ts'
import { CONNECTIONS, type CountOptions } from './counts.ts'
import { encodeRecord } from './envelope.ts'
import { type GroupParts, type GroupState, NodeGroup } from './group.ts'
import { USERS } from './seats.ts'
import { shardEvents } from './shard-events.ts'
import type { Store } from './store.ts'

export interface RedisBrokerParts extends GroupParts {
  readonly apps: AppSource
  /** What this node remembers by itself, for as long as Redis does not answer. */
  readonly cache: EventCache
  readonly cacheTtlSeconds: number
}

const CLAIM_MS = 120_000

/** A miss is told again after that, if it still is one. */
const MISS_MS = 30 * 60 * 1000

const NOT_SHARED = 'The other nodes may not have got this: Redis does not answer. Try again.'
const NOT_KNOWN = 'What all nodes have together is not known: Redis does not answer. Try again.'

export class RedisBroker implements Broker, Peers {
  readonly #group: NodeGroup
  readonly #cache: EventCache
  readonly #cacheTtlSeconds: number
  readonly #clock: Clock
  #news: BrokerNews | undefined
  #answer: Parameters<Peers['answerBy']>[0] = async () => undefined

  constructor(parts: RedisBrokerParts) {
    this.#cache = parts.cache
    this.#cacheTtlSeconds = parts.cacheTtlSeconds
    this.#clock = parts.clock
    this.#group = new NodeGroup(parts, {
      ...shardEvents(parts.apps, () => this.#news),
      asked: (question) => this.#answer(question),
    })
  }

  reportTo(news: BrokerNews): void {
    this.#news = news
  }

  /** As `NodeGroup.start`. */
  start(): Promise<void> {
    return this.#group.start()
  }

  /** As `NodeGroup.stop`. */
  stop(): Promise<void> {
    return this.#group.stop()
  }

  get state(): GroupState {
    return this.#group.state
  }

  get latestSeconds(): number {
    return this.#group.latestSeconds
  }

  get redis(): NodeGroup['redis'] {
    return this.#group.redis
  }

  /** As `NodeGroup.overview`. */
  overview(): ReturnType<NodeGroup['overview']> {
    return this.#group.overview()
  }

  /** As `NodeGroup.echo`. */
  echo(): Promise<void> {
    return this.#group.echo()
  }

  answerBy(answer: Parameters<Peers['answerBy']>[0]): void {
    this.#answer = answer
  }

  /** Asks the other nodes, all of which are in every shard. */
  ask(question: object): ReturnType<Peers['ask']> {
    const { node } = this.#group.state
    return this.#group.ask('', (shard) => askPeers(shard, node, question, this.#clock), NOT_KNOWN)
  }

  // hot path: once per publication (test/bench, two nodes). No parsing, and one message per turn.
  publish(publication: Publication): Promise<void> {
    const { app, channels, event, data, exceptSocketId, userId } = publication
    const source = publication.source === 'client' ? 'client' : 'http'
    const to = { appId: app.id, channels, exceptSocketId }
    const record = { type: 'event', ...to, event, data, userId, source } as const
    return this.#group.ask(
      app.id,
      ({ bus }) => {
        const kept = source === 'client' ? undefined : this.#remember(publication)
        const said = bus.say(encodeRecord(record))
        return kept === undefined ? said : Promise.all([kept, said]).then(() => {})
      },
      NOT_SHARED,
    )
  }

  keep(publication: Publication): void {
    if (!this.#group.isAnswering) return
    this.#remember(publication)?.catch((fault) => this.#group.failed(fault))
  }

  terminate({ id: appId }: App, userId: string): Promise<void> {
    const record = encodeRecord({ type: 'terminate', appId, userId })
    return this.#group.ask(appId, ({ bus }) => bus.say(record), NOT_SHARED)
  }

  enter(app: App, channel: string, member: Member): Soon<Attendance | 'full'> {
    const { seats, counts } = this.#group.shardOf(app.id)
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
    this.#group.shardOf(appId).seats.leave({ appId, channel }, userId, lingers)
  }

  counted(app: App, channel: string, _before: number, count: number): undefined {
    const { counts } = this.#group.shardOf(app.id)
    counts.changed({ appId: app.id, channel }, count, countOptions(app, channel))
  }

  connected({ id: appId, settings }: App, count: number): void {
    this.#group.shardOf(appId).counts.changed({ appId, channel: CONNECTIONS }, count, {
      tells: false,
      announces: settings.maxConnections > 0,
    })
  }

  signIn({ id: appId }: App, userId: string): Soon<void> {
    const member = { userId, userInfo: 'null' }
    const entered = this.#group
      .shardOf(appId)
      .seats.enter({ appId, channel: USERS }, member, ANY_NUMBER)
    if (entered instanceof Promise) return entered.then(() => {})
  }

  signOut({ id: appId }: App, userId: string, lingers: boolean): void {
    this.#group.shardOf(appId).seats.leave({ appId, channel: USERS }, userId, lingers)
  }

  watch({ id: appId }: App, userIds: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#group.shardOf(appId).watched.watch(appId, userIds)
  }

  unwatch({ id: appId }: App, userIds: readonly string[]): void {
    this.#group.shardOf(appId).watched.unwatch(appId, userIds)
  }

  async recall(app: App, channel: string): Promise<Recalled> {
    const known = { event: this.#cache.recall(`${app.id}\n${channel}`), tellsMiss: false }
    if (!this.#group.isAnswering) return known
    const missMilliseconds = app.tells('cache_miss') ? MISS_MS : 0
    try {
      const { store } = this.#group.shardOf(app.id)
      const { text, tellsMiss } = await store.recall(app.id, channel, missMilliseconds)
      return { event: text === undefined ? undefined : cachedEvent(text), tellsMiss }
    } catch (fault) {
      this.#group.failed(fault)
      return known
    }
  }

  claim({ id: appId }: App, name: string): Promise<string | undefined> {
    return this.#asked(appId, (store) => store.claim(appId, name, CLAIM_MS))
  }

  async settle({ id: appId }: App, name: string, text: string | undefined): Promise<void> {
    if (!this.#group.isAnswering) return // the name is given back when its time is over
    try {
      await this.#group.shardOf(appId).store.settle(appId, name, text, CLAIM_MS)
    } catch (fault) {
      this.#group.failed(fault)
    }
  }

  connectionsOf({ id: appId }: App): number {
    return this.#group.shardOf(appId).counts.totalOf({ appId, channel: CONNECTIONS })
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

  channelsAfter(
    { id: appId }: App,
    prefix: string,
    after: string | undefined,
    most: number,
  ): Promise<readonly string[]> {
    return this.#asked(appId, async (store) => {
      const first = new First<undefined>(most, after)
      for await (const part of store.channels(appId, prefix)) {
        for (const name of part) if (!isInternal(name)) first.add(name, undefined)
      }
      return first.entries().map(([name]) => name)
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

  members({ id: appId }: App, channel: string): Promise<readonly Member[]> {
    return this.#asked(appId, (store) => store.members(appId, channel))
  }

  cached({ id: appId }: App, channel: string): Promise<{ data: string; ttl: number } | null> {
    return this.#asked(appId, async (store) => {
      const { text, ttlMilliseconds } = await store.recall(appId, channel, 0)
      if (text === undefined) return null
      return { data: cachedEvent(text).data, ttl: Math.ceil(ttlMilliseconds / 1000) }
    })
  }

  /** @returns nothing where no channel remembers */
  #remember({ app, channels, event, data }: Publication): Promise<unknown> | undefined {
    const cached = channels.filter((name) => kindOf(name).cached)
    if (cached.length === 0) return undefined
    const text = JSON.stringify([event, data])
    const { store } = this.#group.shardOf(app.id)
    const ttl = 1000 * this.#cacheTtlSeconds
    return Promise.all(cached.map((name) => store.remember(app.id, name, text, ttl)))
  }

  #asked<T>(appId: string, question: (store: Store) => Promise<T>): Promise<T> {
    return this.#group.ask(appId, ({ store }) => question(store), NOT_KNOWN)
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
