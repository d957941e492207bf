/**
 * This node's live truth: who is connected and subscribed to what, and the one road by which
 * anything reaches many sockets.
 *
 * The rooms above decide; the hub changes its state and announces what changed. It does no I/O of
 * its own: sockets and topics are the transport's, other nodes the broker's.
 */
import type { ChannelKind, Member } from '../../channels/kind.ts'
import { kindOf } from '../../channels/kinds.ts'
import type { App } from '../apps/app.ts'
import type { Broker } from '../broker/broker.ts'
import * as encode from '../protocol/encode.ts'
import { Channel } from './channel.ts'
import type { Connection, User } from './connection.ts'
import type { EventCache } from './event-cache.ts'
import { EventMeasures } from './event-measures.ts'
import { LiveApp } from './live-app.ts'
import type { Occurred } from './occurrence.ts'
import type { Publication } from './publication.ts'
import type { Fanout } from './socket.ts'
import type { SubscriptionCounts } from './subscription-counts.ts'

export class Hub {
  readonly cache: EventCache
  readonly measures = new EventMeasures()
  readonly #fanout: Fanout
  readonly #broker: Broker
  readonly #counts: SubscriptionCounts
  readonly #occurred: Occurred
  readonly #live = new Map<string, LiveApp>()
  readonly #forgotten = new WeakSet<App>()
  #connectionCount = 0

  constructor(parts: {
    fanout: Fanout
    broker: Broker
    cache: EventCache
    counts: SubscriptionCounts
    occurred: Occurred
  }) {
    this.#fanout = parts.fanout
    this.#broker = parts.broker
    this.cache = parts.cache
    this.#counts = parts.counts
    this.#occurred = parts.occurred
  }

  /**
   * What is live of an app here; kept from its first use on. Who has waited may ask for one that is
   * forgotten: nothing of that is kept, and what has come under its id since stays.
   */
  live(app: App): LiveApp {
    const present = this.#live.get(app.id)
    if (present?.app === app) return present
    const live = new LiveApp(app)
    if (!this.#forgotten.has(app)) this.#live.set(app.id, live)
    return live
  }

  /** Lets go of an app that is not served any more and has no connection, and of what was counted. */
  forget(app: App): void {
    this.#forgotten.add(app)
    const live = this.#live.get(app.id)
    if (live?.app === app && live.connections.size === 0) this.#live.delete(app.id)
  }

  lives(): Iterable<LiveApp> {
    return this.#live.values()
  }

  /** How many connections all apps have here. */
  get connectionCount(): number {
    return this.#connectionCount
  }

  /** Every connection of every app here. */
  *connections(): IterableIterator<Connection> {
    for (const live of this.#live.values()) yield* live.connections.values()
  }

  open(connection: Connection): void {
    connection.live.connections.set(connection.socketId, connection)
    this.#connectionCount += 1
    connection.live.tally.opened += 1
  }

  /** Forgets a connection whose socket is gone. Its topics are already the transport's past. */
  close(connection: Connection): void {
    const { live } = connection
    if (!live.connections.delete(connection.socketId)) return
    this.#connectionCount -= 1
    for (const channel of connection.channels) this.#leave(connection, channel)
    if (connection.user !== undefined) this.#signOut(connection, connection.user)
  }

  /**
   * Subscribes a connection that has been admitted, and announces it: `member_added` to those
   * already here, the outcome to the connection, then what the channel remembers, then the count.
   * Subscribing again answers again and changes nothing.
   */
  subscribe(connection: Connection, name: string, kind: ChannelKind, member?: Member): void {
    const { live } = connection
    const channel =
      live.channels.get(name) ?? new Channel(name, kind, live.topicOf(name), live.tally)
    if (connection.isIn(channel)) {
      this.#confirm(connection, channel)
      return
    }

    const { app } = live
    live.channels.set(name, channel)
    channel.count += 1
    if (channel.count === 1 && app.tells('channel_occupied')) {
      this.#occurred(app, { name: 'channel_occupied', channel: name })
    }
    if (channel.presence !== undefined && member !== undefined) {
      const added = channel.presence.members.join(connection.socketId, member)
      if (added) {
        channel.presence.roster.add(member)
        // Before the newcomer's own subscription: the roster tells it about itself.
        const others = channel.count - 1
        if (others > 0) channel.send(this.#fanout, encode.memberAdded(name, member), others)
        if (app.tells('member_added')) {
          this.#occurred(app, { name: 'member_added', channel: name, userId: member.userId })
        }
      }
    }
    connection.enter(channel)
    this.#confirm(connection, channel)
    this.#announceCount(live, channel)
  }

  unsubscribe(connection: Connection, name: string): void {
    const channel = connection.live.channels.get(name)
    if (channel === undefined || !connection.isIn(channel)) return
    connection.leave(channel)
    this.#leave(connection, channel)
  }

  /**
   * Signs a connection in and tells those who watch the user, and the connection whom it watches.
   * Signing in again replaces the watchlist.
   */
  signIn(connection: Connection, user: User, userData: string): void {
    const { live } = connection
    const before = connection.user?.watchlist ?? []
    connection.user = user
    connection.authenticated = true
    const cameOnline = live.users.add(user.userId, connection)
    connection.send(encode.signinSuccess(userData))
    for (const id of before) connection.unwatch(live.watchTopicOf(id))
    // Before the watchlist: whoever watches itself is told by that, once.
    if (cameOnline) this.#announceUser(live, 'online', user.userId)
    this.#showWatchlist(connection, user)
  }

  /**
   * Publishes to this node and the others.
   * @returns nothing when that is done, else a promise that settles when the other nodes have it
   */
  publish(publication: Publication): Promise<void> | undefined {
    this.deliver(publication)
    if (publication.source === 'client') this.#tellClientEvent(publication)
    return this.#broker.publish(publication)
  }

  // hot path: once per publication per node; nothing here runs per subscriber (test/bench, fan-1000).
  /** Sends an event to the subscribers on this node, and keeps it where a channel remembers. */
  deliver(publication: Publication): void {
    const { app, channels, event, data, exceptSocketId, source } = publication
    const live = this.live(app)
    live.tally.received[source] += 1
    const sender = exceptSocketId === undefined ? undefined : live.connections.get(exceptSocketId)
    let frame: encode.EventFrame | undefined
    for (const name of channels) {
      const channel = live.channels.get(name)
      if (source !== 'client' && (channel?.kind ?? kindOf(name)).cached) {
        this.cache.remember(live.topicOf(name), { event, data })
        if (channel !== undefined) channel.isMissTold = false
      }
      if (channel === undefined) {
        live.tally.unheard += 1
        continue // nobody here: no encoding either
      }
      frame ??= encode.eventFrame(event, data, publication.userId)
      const text = encode.eventOn(name, frame)
      // Around the sender only where it listens: from a socket in no topic, uWebSockets.js sends nothing.
      if (sender?.isIn(channel)) {
        sender.publish(channel, text)
        live.tally.delivered += channel.count - 1
      } else {
        channel.send(this.#fanout, text)
        live.tally.delivered += channel.count
      }
    }
    this.measures.deliver(data, publication.received)
  }

  #confirm(connection: Connection, channel: Channel): void {
    const { name, presence, kind } = channel
    connection.send(encode.subscriptionSucceeded(name, presence?.roster.encode(presence.members)))
    if (!kind.cached) return
    const cached = this.cache.recall(channel.topic)
    if (cached === undefined) {
      connection.send(encode.cacheMiss(name))
      this.#tellMiss(connection.app, channel)
    } else {
      connection.send(encode.eventOn(name, encode.eventFrame(cached.event, cached.data)))
    }
  }

  /** Once per channel, until it is filled or vacated: one event by the app serves all who miss it. */
  #tellMiss(app: App, channel: Channel): void {
    if (channel.isMissTold || !app.tells('cache_miss')) return
    channel.isMissTold = true
    this.#occurred(app, { name: 'cache_miss', channel: channel.name })
  }

  #tellClientEvent({ app, channels, event, data, exceptSocketId, userId }: Publication): void {
    if (exceptSocketId === undefined || !app.tells('client_event')) return
    for (const channel of channels) {
      const sent = { channel, event, data, socketId: exceptSocketId, userId }
      this.#occurred(app, { name: 'client_event', ...sent })
    }
  }

  /** A connection is out of a channel, by its own wish or because it is gone. */
  #leave(connection: Connection, channel: Channel): void {
    const { live } = connection
    const { app } = live
    const { name } = channel
    channel.count -= 1
    const removed = channel.presence?.members.leave(connection.socketId)
    if (channel.count === 0) live.channels.delete(name)
    if (removed !== undefined) {
      const { userId } = removed
      channel.presence?.roster.remove()
      if (channel.count > 0) channel.send(this.#fanout, encode.memberRemoved(name, userId))
      if (app.tells('member_removed')) {
        this.#occurred(app, { name: 'member_removed', channel: name, userId })
      }
    }
    this.#announceCount(live, channel)
    if (channel.count === 0 && app.tells('channel_vacated')) {
      this.#occurred(app, { name: 'channel_vacated', channel: name })
    }
  }

  #announceCount({ app }: LiveApp, channel: Channel): void {
    if (channel.presence !== undefined) return
    if (app.settings.subscriptionCount || app.tells('subscription_count')) {
      this.#counts.changed(app, channel)
    }
  }

  #signOut(connection: Connection, { userId }: User): void {
    if (connection.live.users.remove(userId, connection)) {
      this.#announceUser(connection.live, 'offline', userId)
    }
  }

  #announceUser(live: LiveApp, name: 'online' | 'offline', userId: string): void {
    const topic = live.watchTopicOf(userId)
    const text = encode.watchlistEvents([{ name, userIds: [userId] }])
    live.tally.sent(text, this.#fanout.numSubscribers(topic))
    this.#fanout.publish(topic, text)
  }

  #showWatchlist(connection: Connection, { watchlist }: User): void {
    if (watchlist.length === 0) return
    const { live } = connection
    const online = watchlist.filter((id) => live.users.isOnline(id))
    const offline = watchlist.filter((id) => !live.users.isOnline(id))
    for (const id of watchlist) connection.watch(live.watchTopicOf(id))
    connection.send(
      encode.watchlistEvents(
        [
          { name: 'online' as const, userIds: online },
          { name: 'offline' as const, userIds: offline },
        ].filter(({ userIds }) => userIds.length > 0),
      ),
    )
  }
}
