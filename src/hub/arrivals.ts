/**
 * Connections that have asked to be in a presence channel and wait for the answer.
 */
import type { Connection } from './connection.ts'
import type { LiveApp } from './live-app.ts'

export interface Arrival {
  readonly connection: Connection
  readonly channel: string
  readonly userId: string
}

export class Arrivals {
  readonly #byConnection = new Map<Connection, Map<string, Arrival>>()
  /** How many wait for the same seat. */
  readonly #awaited = new Map<string, number>()

  add(connection: Connection, channel: string, userId: string): Arrival {
    const arrival = { connection, channel, userId }
    const own = this.#byConnection.get(connection) ?? new Map<string, Arrival>()
    own.set(channel, arrival)
    this.#byConnection.set(connection, own)
    const key = keyOf(connection.live, channel, userId)
    this.#awaited.set(key, (this.#awaited.get(key) ?? 0) + 1)
    return arrival
  }

  has(connection: Connection, channel: string): boolean {
    return this.#byConnection.get(connection)?.has(channel) === true
  }

  /** For how many channels a connection waits. */
  count(connection: Connection): number {
    return this.#byConnection.get(connection)?.size ?? 0
  }

  /** Whether anybody waits to be in a channel as this user. */
  awaits(live: LiveApp, channel: string, userId: string): boolean {
    return this.#awaited.has(keyOf(live, channel, userId))
  }

  /** The answer is there. @returns whether it is still waited for */
  settle(arrival: Arrival): boolean {
    const { connection, channel } = arrival
    if (this.#byConnection.get(connection)?.get(channel) !== arrival) return false
    return this.withdraw(connection, channel)
  }

  /** The connection does not want to be in the channel any more. @returns whether it had */
  withdraw(connection: Connection, channel: string): boolean {
    const own = this.#byConnection.get(connection)
    const arrival = own?.get(channel)
    if (own === undefined || arrival === undefined) return false
    own.delete(channel)
    if (own.size === 0) this.#byConnection.delete(connection)
    const key = keyOf(connection.live, channel, arrival.userId)
    const left = (this.#awaited.get(key) ?? 1) - 1
    if (left === 0) this.#awaited.delete(key)
    else this.#awaited.set(key, left)
    return true
  }

  /** The connection is gone. */
  forget(connection: Connection): void {
    const own = this.#byConnection.get(connection)
    for (const channel of [...(own?.keys() ?? [])]) this.withdraw(connection, channel)
  }
}

const keyOf = ({ app }: LiveApp, channel: string, userId: string): string =>
  `${app.id}\n${channel}\n${userId}`
