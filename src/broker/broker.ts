/**
 * What nodes share: events on their way to each other, and what is true on all of them together. Delivery
 * on this node is the hub's, not a broker's.
 *
 * `memory.ts` is for a node by itself and answers everything at once; `redis.ts` is for several, and answers
 * at once only what it need not ask.
 */
import type { Member } from '../../channels/kind.ts'
import type { App } from '../apps/app.ts'
import type { CachedEvent } from '../hub/event-cache.ts'
import type { Occurrence } from '../hub/occurrence.ts'
import type { Publication } from '../hub/publication.ts'
import type { Roster } from '../protocol/roster.ts'

/** Now, or when somebody has been asked. */
export type Soon<T> = T | Promise<T>

/** Goes on with an answer: at once where it is there already. */
export function whenKnown<T, Result>(
  answer: Soon<T>,
  then: (value: T) => Soon<Result>,
): Soon<Result> {
  return answer instanceof Promise ? answer.then(then) : then(answer)
}

/** Who is present in one channel, on all nodes. It changes as they come and go. */
export interface Attendance extends Iterable<Member> {
  readonly count: number
  readonly roster: Roster
  has(userId: string): boolean
}

/** What a cache channel has for a new subscriber. */
export interface Recalled {
  readonly event: CachedEvent | undefined
  /** Whether it is for this node to tell that there is nothing. */
  readonly tellsMiss: boolean
}

export interface Broker {
  /** Whom to tell what happens; called once, before anything else. */
  reportTo(news: BrokerNews): void
  /**
   * Hands a publication to the other nodes, and keeps it where a channel remembers.
   * @returns nothing when that is done at once, else a promise that settles when it is or has failed
   */
  publish(publication: Publication): Promise<void> | undefined
  /** Keeps what every node hears by itself, where a channel remembers. */
  keep(publication: Publication): void
  /** Ends every connection of a user on the other nodes. */
  terminate(app: App, userId: string): Promise<void> | undefined

  /** A user's first connection here asks to be in a presence channel. */
  enter(app: App, channel: string, member: Member): Soon<Attendance | 'full'>
  /** A user's last connection here has left it. @param lingers whether they may be back in a moment */
  leave(app: App, channel: string, userId: string, lingers: boolean): void
  /**
   * So many connections here are in a channel now.
   * @returns how many those of all nodes are, where that is known at once; else it is told later
   */
  counted(app: App, channel: string, before: number, count: number): number | undefined
  /** So many connections of the app are here now. */
  connected(app: App, count: number): void

  /** A user has signed in on a first connection here. Resolves when everybody knows. */
  signIn(app: App, userId: string): Soon<void>
  /** A user's last connection here is gone. */
  signOut(app: App, userId: string, lingers: boolean): void
  /** Tells of users whether they are online, from now on until they are unwatched. @returns who is online */
  watch(app: App, userIds: readonly string[]): Soon<ReadonlySet<string>>
  unwatch(app: App, userIds: readonly string[]): void

  recall(app: App, channel: string): Soon<Recalled>

  /**
   * Claims a name on all nodes, for two minutes.
   * @returns undefined for who asks first, else what was kept under it, '' while that is not there yet
   * @throws ResoundError RESOUND_REDIS_UNREACHABLE
   */
  claim(app: App, name: string): Soon<string | undefined>
  /** Keeps a text under a name that was claimed, or gives the name back where there is none. */
  settle(app: App, name: string, text: string | undefined): Soon<void>

  /** How many connections an app has on all nodes, as far as it is known here; for limits. */
  connectionsOf(app: App): number

  // What is true now, for the HTTP API. @throws ResoundError RESOUND_REDIS_UNREACHABLE
  connections(app: App): Soon<number>
  /** The occupied channels whose names begin like this. */
  channels(app: App, prefix: string): Soon<readonly string[]>
  /** The first so many of them behind a name, in the order of their names; none that carries what is sent to one user. */
  channelsAfter(
    app: App,
    prefix: string,
    after: string | undefined,
    most: number,
  ): Soon<readonly string[]>
  /** Of each channel. */
  subscriptionCounts(app: App, channels: readonly string[]): Soon<readonly number[]>
  /** Of each channel. */
  userCounts(app: App, channels: readonly string[]): Soon<readonly number[]>
  users(app: App, channel: string): Soon<readonly string[]>
  /** The users of a channel, with what the app says of them. */
  members(app: App, channel: string): Soon<readonly Member[]>
  /** What a cache channel remembers, and the whole seconds that it has left. */
  cached(app: App, channel: string): Soon<{ data: string; ttl: number } | null>
}

/** What a broker tells the hub. */
export interface BrokerNews {
  memberAdded(app: App, channel: string, member: Member): void
  memberRemoved(app: App, channel: string, userId: string): void
  /** A channel has so many subscriptions on all nodes. @param isOurs whether a change here made it so */
  total(app: App, channel: string, total: number, isOurs: boolean): void
  /** Somebody whom connections here watch has come online or gone offline. */
  userChanged(app: App, userId: string, isOnline: boolean): void
  /** Another node published it. */
  heard(publication: Publication): void
  /** Another node ends every connection of a user. */
  terminated(app: App, userId: string): void
  /** It happened once on all nodes, and this one is to tell it. */
  occurred(app: App, occurrence: Occurrence): void
}
