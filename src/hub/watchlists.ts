/**
 * Whom connections watch: each is told who of its watchlist is online, and then of every change.
 */
import type { Broker } from '../broker/broker.ts'
import * as encode from '../protocol/encode.ts'
import type { Connection, User } from './connection.ts'
import type { LiveApp } from './live-app.ts'
import type { Fanout } from './socket.ts'

export class Watchlists {
  readonly #fanout: Fanout
  readonly #broker: Broker
  readonly #watched = new WeakMap<Connection, readonly string[]>()

  constructor(fanout: Fanout, broker: Broker) {
    this.#fanout = fanout
    this.#broker = broker
  }

  /**
   * Watches for a connection whom its user wants to, from now on.
   * @returns nothing when it has been told who is online, else a promise that does not reject
   */
  show(connection: Connection, user: User): Promise<void> | undefined {
    const { watchlist } = user
    if (watchlist.length === 0 || connection.user !== user) return undefined
    this.#watched.set(connection, watchlist)
    const online = this.#broker.watch(connection.app, watchlist)
    if (online instanceof Promise) {
      return online.then((late) => {
        if (connection.user === user) tell(connection, watchlist, late)
      })
    }
    tell(connection, watchlist, online)
    return undefined
  }

  /** Watches nobody for it any more. */
  forget(connection: Connection): void {
    const watched = this.#watched.get(connection)
    if (watched === undefined) return
    this.#watched.delete(connection)
    for (const id of watched) connection.unwatch(connection.live.watchTopicOf(id))
    this.#broker.unwatch(connection.app, watched)
  }

  /** Tells those who watch a user that they have come or gone. */
  announce(live: LiveApp, userId: string, isOnline: boolean): void {
    const topic = live.watchTopicOf(userId)
    const name = isOnline ? 'online' : 'offline'
    const text = encode.watchlistEvents([{ name, userIds: [userId] }])
    live.tally.sent(text, this.#fanout.numSubscribers(topic))
    this.#fanout.publish(topic, text)
  }
}

function tell(
  connection: Connection,
  watchlist: readonly string[],
  online: ReadonlySet<string>,
): void {
  for (const id of watchlist) connection.watch(connection.live.watchTopicOf(id))
  const events = [
    { name: 'online' as const, userIds: watchlist.filter((id) => online.has(id)) },
    { name: 'offline' as const, userIds: watchlist.filter((id) => !online.has(id)) },
  ]
  connection.send(encode.watchlistEvents(events.filter(({ userIds }) => userIds.length > 0)))
}
