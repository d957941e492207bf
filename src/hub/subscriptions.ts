/**
 * Who is in which channel on this node: how a connection comes in, what it is told, and how it leaves.
 *
 * Whether it may is decided before. What has changed on all nodes is the broker's to say.
 */
import type { ChannelKind, Member } from '../../channels/kind.ts'
import { kindOf } from '../../channels/kinds.ts'
import type { App } from '../apps/app.ts'
import type { Attendance, Broker, Recalled, Soon } from '../broker/broker.ts'
import * as encode from '../protocol/encode.ts'
import { Arrivals } from './arrivals.ts'
import { Channel } from './channel.ts'
import type { Connection } from './connection.ts'
import type { LiveApp } from './live-app.ts'
import type { Observers } from './observation.ts'
import type { Occurred } from './occurrence.ts'
import type { Fanout } from './socket.ts'
import type { SubscriptionCounts } from './subscription-counts.ts'

export interface SubscriptionsParts {
  readonly fanout: Fanout
  readonly broker: Broker
  readonly counts: SubscriptionCounts
  readonly occurred: Occurred
  readonly observers: Observers
}

export class Subscriptions {
  readonly #fanout: Fanout
  readonly #broker: Broker
  readonly #counts: SubscriptionCounts
  readonly #occurred: Occurred
  readonly #observers: Observers
  readonly #arrivals = new Arrivals()

  constructor(parts: SubscriptionsParts) {
    this.#fanout = parts.fanout
    this.#broker = parts.broker
    this.#counts = parts.counts
    this.#occurred = parts.occurred
    this.#observers = parts.observers
  }

  /**
   * Subscribes a connection that has been admitted, and announces it: `member_added` to those
   * already here, the outcome to the connection, then what the channel remembers, then the count.
   * Subscribing again answers again and changes nothing.
   * @returns nothing when that is done, `full` where a presence channel has all its members, or a promise
   *   of either where that is not known on this node alone
   */
  subscribe(
    connection: Connection,
    name: string,
    kind: ChannelKind,
    member?: Member,
  ): 'full' | undefined | Promise<'full' | undefined> {
    const { live } = connection
    const channel = live.channels.get(name)
    if (channel !== undefined && connection.isIn(channel)) {
      void this.#confirm(
        connection,
        channel,
        kind.cached ? this.#broker.recall(connection.app, name) : undefined,
      )
      return undefined
    }
    if (kind.name !== 'presence' || member === undefined) {
      this.#join(
        connection,
        channel ?? new Channel(name, kind, live.topicOf(name), live.tally),
        undefined,
      )
      return undefined
    }
    const { members, attendance } = channel?.presence ?? {}
    if (attendance !== undefined && members?.has(member.userId) === true) {
      this.#joinPresence(connection, name, kind, member, attendance)
      return undefined
    }
    if (this.#arrivals.has(connection, name)) return undefined // the answer on its way is for both
    const outcome = this.#broker.enter(connection.app, name, member)
    if (outcome instanceof Promise) {
      const arrival = this.#arrivals.add(connection, name, member.userId)
      return outcome.then((attendance) => {
        const isWanted = this.#arrivals.settle(arrival)
        if (attendance === 'full') return isWanted ? 'full' : undefined
        if (isWanted) this.#joinPresence(connection, name, kind, member, attendance)
        else this.#leaveUnlessHere(live, name, member.userId)
        return undefined
      })
    }
    if (outcome === 'full') return 'full'
    this.#joinPresence(connection, name, kind, member, outcome)
    return undefined
  }

  unsubscribe(connection: Connection, name: string): void {
    this.#arrivals.withdraw(connection, name)
    const channel = connection.live.channels.get(name)
    if (channel === undefined || !connection.isIn(channel)) return
    connection.leave(channel)
    this.#leave(connection, channel, false)
  }

  /**
   * The connection is gone, and in no channel any more.
   * @param lingers whether whoever it was may be back in a moment
   */
  end(connection: Connection, lingers: boolean): void {
    this.#arrivals.forget(connection)
    for (const channel of connection.channels) this.#leave(connection, channel, lingers)
  }

  /** For how many channels a connection waits to be let in. */
  arriving(connection: Connection): number {
    return this.#arrivals.count(connection)
  }

  /** Tells the subscribers here how many there are on all nodes; those who wait for what is remembered, after it. */
  sendCount(channel: Channel, count: number): void {
    if (channel.recalling > 0) channel.untoldCount = count
    else channel.send(this.#fanout, encode.subscriptionCount(channel.name, count))
  }

  /** A channel's count on all nodes is another. @param isOurs whether a change on this node made it so */
  announce(app: App, name: string, total: number, isOurs: boolean): void {
    if (!app.settings.subscriptionCount && !app.tells('subscription_count')) return
    if (kindOf(name).name !== 'presence') this.#counts.changed(app, name, total, isOurs)
  }

  #joinPresence(
    connection: Connection,
    name: string,
    kind: ChannelKind,
    member: Member,
    attendance: Attendance,
  ): void {
    const { live } = connection
    // Another one than before where it was left meanwhile: everybody who is in it came after that.
    const channel =
      live.channels.get(name) ?? new Channel(name, kind, live.topicOf(name), live.tally, attendance)
    this.#join(connection, channel, member)
  }

  #join(connection: Connection, channel: Channel, member: Member | undefined): void {
    const { live, app, socketId } = connection
    const { name, presence } = channel
    live.channels.set(name, channel)
    channel.count += 1
    if (member !== undefined) presence?.members.join(socketId, member)
    const recalled = channel.kind.cached ? this.#broker.recall(app, name) : undefined
    const total = this.#counted(app, channel, 1)
    connection.enter(channel)
    this.#observers.subscription('subscribed', connection, name, member?.userId)
    const confirmed = this.#confirm(connection, channel, recalled)
    if (confirmed !== undefined) {
      channel.recalling += 1
      void confirmed.then(() => this.#recalled(channel)) // which never rejects
    }
    if (total !== undefined) this.announce(app, name, total, true)
  }

  /** A subscriber has what the channel remembers. */
  #recalled(channel: Channel): void {
    channel.recalling -= 1
    const { name, recalling, untoldCount } = channel
    if (recalling > 0 || untoldCount === undefined) return
    channel.untoldCount = undefined
    channel.send(this.#fanout, encode.subscriptionCount(name, untoldCount))
  }

  /** Tells the broker that a channel's count has changed. @param change by so much */
  #counted(app: App, { name, kind, count }: Channel, change: number): number | undefined {
    return kind.hidden ? undefined : this.#broker.counted(app, name, count - change, count)
  }

  /** @returns nothing when the connection has all there is for it, else a promise that does not reject */
  #confirm(
    connection: Connection,
    channel: Channel,
    recalled: Soon<Recalled> | undefined,
  ): Promise<void> | undefined {
    const { name, presence, remembered } = channel
    const roster = presence?.attendance.roster.encode(presence.attendance)
    connection.send(encode.subscriptionSucceeded(name, roster))
    if (recalled instanceof Promise) {
      return recalled.then((late) => {
        // It has had what has come since, which is newer than what was asked for.
        if (channel.remembered !== remembered || !connection.isIn(channel)) return
        this.#sendRecalled(connection, channel, late)
      })
    }
    if (recalled !== undefined) this.#sendRecalled(connection, channel, recalled)
    return undefined
  }

  #sendRecalled(connection: Connection, channel: Channel, { event, tellsMiss }: Recalled): void {
    if (event === undefined) {
      connection.send(encode.cacheMiss(channel.name))
      if (tellsMiss) this.#tellMiss(connection.app, channel)
    } else {
      connection.send(encode.eventOn(channel.name, encode.eventFrame(event.event, event.data)))
    }
  }

  /** Once per channel, until it is filled or vacated: one event by the app serves all who miss it. */
  #tellMiss(app: App, channel: Channel): void {
    if (channel.isMissTold || !app.tells('cache_miss')) return
    channel.isMissTold = true
    this.#occurred(app, { name: 'cache_miss', channel: channel.name })
  }

  /** A connection is out of a channel, by its own wish or because it is gone. */
  #leave(connection: Connection, channel: Channel, lingers: boolean): void {
    const { live, app, socketId } = connection
    const { name, presence } = channel
    channel.count -= 1
    if (channel.count === 0) live.channels.delete(name)
    const left = presence?.members.leave(socketId)
    if (left !== undefined) this.#broker.leave(app, name, left.userId, lingers)
    this.#observers.subscription('unsubscribed', connection, name, left?.userId)
    const total = this.#counted(app, channel, -1)
    if (total !== undefined) this.announce(app, name, total, true)
  }

  /** Somebody does not come after all. */
  #leaveUnlessHere(live: LiveApp, name: string, userId: string): void {
    const isHere = live.channels.get(name)?.presence?.members.has(userId) === true
    if (!isHere && !this.#arrivals.awaits(live, name, userId)) {
      this.#broker.leave(live.app, name, userId, false)
    }
  }
}
