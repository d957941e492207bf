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
import type { Broker, BrokerNews } from '../broker/broker.ts'
import { CLOSE } from '../protocol/codes.ts'
import * as encode from '../protocol/encode.ts'
import type { Connection, User } from './connection.ts'
import type { EventCache } from './event-cache.ts'
import { EventMeasures } from './event-measures.ts'
import { LiveApp } from './live-app.ts'
import type { Observers } from './observation.ts'
import type { Occurred } from './occurrence.ts'
import type { Publication } from './publication.ts'
import type { Fanout } from './socket.ts'
import type { SubscriptionCounts } from './subscription-counts.ts'
import { Subscriptions } from './subscriptions.ts'
import { Watchlists } from './watchlists.ts'

export class Hub {
  readonly cache: EventCache
  readonly measures = new EventMeasures()
  readonly observers: Observers
  readonly #fanout: Fanout
  readonly #broker: Broker
  readonly #occurred: Occurred
  readonly #live = new Map<string, LiveApp>()
  readonly #forgotten = new WeakSet<App>()
  readonly #subscriptions: Subscriptions
  readonly #watchlists: Watchlists
  #connectionCount = 0

  constructor(parts: {
    fanout: Fanout
    broker: Broker
    cache: EventCache
    counts: SubscriptionCounts
    occurred: Occurred
    observers: Observers
  }) {
    this.observers = parts.observers
    this.#fanout = parts.fanout
    this.#broker = parts.broker
    this.cache = parts.cache
    this.#occurred = parts.occurred
    this.#watchlists = new Watchlists(parts.fanout, parts.broker)
    this.#subscriptions = new Subscriptions(parts)
    parts.counts.sendBy((app, name, count) => {
      const channel = this.live(app).channels.get(name)
      if (channel !== undefined) this.#subscriptions.sendCount(channel, count)
    })
    parts.broker.reportTo(this.#news())
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
    this.observers.connected(connection)
    this.#broker.connected(connection.app, connection.live.connections.size)
  }

  /**
   * Forgets a connection whose socket is gone. Its topics are already the transport's past.
   * @param lingers whether whoever it was may be back in a moment: nobody has said goodbye
   */
  close(connection: Connection, lingers: boolean): void {
    const { live } = connection
    if (!live.connections.delete(connection.socketId)) return
    this.#connectionCount -= 1
    this.#broker.connected(connection.app, live.connections.size)
    this.#subscriptions.end(connection, lingers)
    this.#signOut(connection, lingers)
  }

  /** How many connections an app has on all nodes, as far as it is known here. */
  connectionsOf(app: App): number {
    return this.#broker.connectionsOf(app)
  }

  /** As `Subscriptions.subscribe`. */
  subscribe(
    connection: Connection,
    name: string,
    kind: ChannelKind,
    member?: Member,
  ): 'full' | undefined | Promise<'full' | undefined> {
    return this.#subscriptions.subscribe(connection, name, kind, member)
  }

  unsubscribe(connection: Connection, name: string): void {
    this.#subscriptions.unsubscribe(connection, name)
  }

  /** For how many channels a connection waits to be let in. */
  arriving(connection: Connection): number {
    return this.#subscriptions.arriving(connection)
  }

  /**
   * Signs a connection in and tells those who watch the user, and the connection whom it watches.
   * Signing in again replaces the watchlist.
   * @returns nothing when all that is done, else a promise that does not reject
   */
  signIn(connection: Connection, user: User, userData: string): Promise<void> | undefined {
    const { live, app } = connection
    connection.user = user
    connection.authenticated = true
    this.observers.signedIn(connection, user.userId)
    const isFirst = live.users.add(user.userId, connection)
    connection.send(encode.signinSuccess(userData))
    this.#watchlists.forget(connection)
    // Before the watchlist: whoever watches itself is told by that, once.
    const known = isFirst ? this.#broker.signIn(app, user.userId) : undefined
    if (known instanceof Promise) return known.then(() => this.#watchlists.show(connection, user))
    return this.#watchlists.show(connection, user)
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

  /** Delivers what every node hears by itself: nobody has to be handed it. */
  hear(publication: Publication): void {
    this.deliver(publication)
    this.#broker.keep(publication)
  }

  /**
   * Closes every connection that is signed in as the user; where the app says so, also presence members.
   * @returns nothing when that is done, else a promise that settles when the other nodes have been told
   */
  terminate(app: App, userId: string): Promise<void> | undefined {
    this.#terminateHere(app, userId)
    return this.#broker.terminate(app, userId)
  }

  // hot path: once per publication per node; nothing here runs per subscriber (test/bench, fan-1000).
  /**
   * Sends an event to the subscribers on this node, and keeps it where a channel remembers.
   * @param isRelayed whether another node has received it, and counted it
   */
  deliver(publication: Publication, isRelayed = false): void {
    const { app, channels, event, data, exceptSocketId, source } = publication
    const live = this.live(app)
    if (!isRelayed) live.tally.received[source] += 1
    const sender = exceptSocketId === undefined ? undefined : live.connections.get(exceptSocketId)
    let frame: encode.EventFrame | undefined
    for (const name of channels) {
      const channel = live.channels.get(name)
      if (source !== 'client' && (channel?.kind ?? kindOf(name)).cached) {
        this.cache.remember(live.topicOf(name), { event, data })
        if (channel !== undefined) {
          channel.isMissTold = false
          channel.remembered += 1
        }
      }
      if (channel === undefined) {
        if (isRelayed) continue // and nobody is told: who received it has
        live.tally.unheard += 1
        if (this.observers.isWatched) this.observers.event(publication, name, 0, isRelayed)
        continue // nobody here: no encoding either
      }
      frame ??= encode.eventFrame(event, data, publication.userId)
      const text = encode.eventOn(name, frame)
      // Around the sender only where it listens: from a socket in no topic, uWebSockets.js sends nothing.
      const isSenderIn = sender?.isIn(channel) === true
      const receivers = isSenderIn ? channel.count - 1 : channel.count
      if (isSenderIn) sender?.publish(channel, text)
      else channel.send(this.#fanout, text)
      live.tally.delivered += receivers
      if (this.observers.isWatched) this.observers.event(publication, name, receivers, isRelayed)
    }
    if (!isRelayed) this.measures.deliver(data, publication.received)
  }

  /** What the broker tells this hub. */
  #news(): BrokerNews {
    return {
      memberAdded: (app, name, member) => {
        this.live(app).channels.get(name)?.send(this.#fanout, encode.memberAdded(name, member))
      },
      memberRemoved: (app, name, userId) => {
        this.live(app).channels.get(name)?.send(this.#fanout, encode.memberRemoved(name, userId))
      },
      total: (app, name, total, isOurs) => this.#subscriptions.announce(app, name, total, isOurs),
      userChanged: (app, userId, isOnline) =>
        this.#watchlists.announce(this.live(app), userId, isOnline),
      heard: (publication) => this.deliver(publication, true),
      terminated: (app, userId) => this.#terminateHere(app, userId),
      occurred: (app, occurrence) => this.#occurred(app, occurrence),
    }
  }

  #tellClientEvent({ app, channels, event, data, exceptSocketId, userId }: Publication): void {
    if (exceptSocketId === undefined || !app.tells('client_event')) return
    for (const channel of channels) {
      const sent = { channel, event, data, socketId: exceptSocketId, userId }
      this.#occurred(app, { name: 'client_event', ...sent })
    }
  }

  #signOut(connection: Connection, lingers: boolean): void {
    const { live, app, user } = connection
    if (user === undefined) return
    connection.user = undefined
    this.#watchlists.forget(connection)
    if (live.users.remove(user.userId, connection)) {
      this.#broker.signOut(app, user.userId, lingers)
    }
  }

  #terminateHere(app: App, userId: string): void {
    const live = this.live(app)
    const connections = new Set(live.users.connectionsOf(userId))
    if (app.settings.terminatePresenceMembers) {
      for (const { presence } of live.channels.values()) {
        for (const socketId of presence?.members.socketsOf(userId) ?? []) {
          const connection = live.connections.get(socketId)
          if (connection !== undefined) connections.add(connection)
        }
      }
    }
    for (const connection of connections) {
      connection.close(CLOSE.UNAUTHORIZED, 'The connection was terminated by the app.')
    }
  }
}
