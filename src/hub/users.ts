/**
 * Signed-in users and their connections. A user is online while signed in on at least one.
 */
import type { Connection } from './connection.ts'

const NONE: ReadonlySet<Connection> = new Set()

export class Users {
  readonly #connections = new Map<string, Set<Connection>>()

  get count(): number {
    return this.#connections.size
  }

  isOnline(userId: string): boolean {
    return this.#connections.has(userId)
  }

  connectionsOf(userId: string): ReadonlySet<Connection> {
    return this.#connections.get(userId) ?? NONE
  }

  /** @returns true when the user was offline until now */
  add(userId: string, connection: Connection): boolean {
    const present = this.#connections.get(userId)
    if (present !== undefined) {
      present.add(connection)
      return false
    }
    this.#connections.set(userId, new Set([connection]))
    return true
  }

  /** @returns true when this was the user's last connection */
  remove(userId: string, connection: Connection): boolean {
    const present = this.#connections.get(userId)
    if (present === undefined || !present.delete(connection) || present.size > 0) return false
    return this.#connections.delete(userId)
  }
}
