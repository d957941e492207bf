/**
 * Connections and users on this node, listed and closed.
 *
 * A user is whoever has signed in on a connection or is a member of a presence channel there. Looking
 * through many connections lets others in between.
 */
import { hostname } from 'node:os'
import { setImmediate as turn } from 'node:timers/promises'
import type { App } from '../apps/app.ts'
import { First } from '../first.ts'
import type { Connection } from '../hub/connection.ts'
import type { Hub } from '../hub/hub.ts'
import { CLOSE } from '../protocol/codes.ts'
import { pageOver } from './page.ts'
import { nodeOf, type Part, type QuestionOf, type Row, type Rows } from './question.ts'

/** Looked at in one turn of the event loop: about a millisecond's work. */
const LOOKED_AT_ONCE = 2000

const NODE = nodeOf(hostname(), process.pid)

export class Here {
  readonly #hub: Hub

  constructor(hub: Hub) {
    this.#hub = hub
  }

  connections(apps: readonly App[], question: QuestionOf<'connections'>): Promise<Rows> {
    const { channel, user } = question
    return pageOver(apps, question, async (app, { most, after }) => {
      const first = new First<Connection>(most, after)
      await this.#lookThrough(app, (connection) => {
        if (channel !== undefined && !isIn(connection, channel)) return
        if (user !== undefined && !usersOf(connection).includes(user)) return
        first.add(connection.socketId, connection)
      })
      return first.entries().map(([, connection]) => rowOf(connection))
    })
  }

  users(apps: readonly App[], question: QuestionOf<'users'>): Promise<Rows> {
    return pageOver(apps, question, async (app, { most, after }) => {
      const counts = new Map<string, number>()
      await this.#lookThrough(app, (connection) => {
        for (const user of usersOf(connection)) {
          if (user.startsWith(question.prefix)) counts.set(user, (counts.get(user) ?? 0) + 1)
        }
      })
      const first = new First<number>(most, after)
      for (const [user, count] of counts) first.add(user, count)
      return first.entries().map(([name, count]) => ({ app: app.id, name, count }))
    })
  }

  close(apps: readonly App[], { socketId, reconnects }: QuestionOf<'close'>): Part {
    const found = apps.flatMap((app) => this.#hub.live(app).connections.get(socketId) ?? [])
    return closed(found, reconnects)
  }

  async disconnect(
    apps: readonly App[],
    { userId, reconnects }: QuestionOf<'disconnect'>,
  ): Promise<Part> {
    const found: Connection[] = []
    for (const app of apps) {
      await this.#lookThrough(app, (connection) => {
        if (usersOf(connection).includes(userId)) found.push(connection)
      })
    }
    return closed(found, reconnects)
  }

  async #lookThrough(app: App, look: (connection: Connection) => void): Promise<void> {
    let looked = 0
    for (const connection of this.#hub.live(app).connections.values()) {
      look(connection)
      looked += 1
      if (looked % LOOKED_AT_ONCE === 0) await turn()
    }
  }
}

/** Closes them. Those that have gone by themselves meanwhile do not count. */
function closed(connections: readonly Connection[], reconnects: boolean): Part {
  const there = connections.filter(({ isEstablished }) => isEstablished)
  const code = reconnects ? CLOSE.RECONNECT : CLOSE.UNAUTHORIZED
  for (const connection of there) connection.close(code, 'An operator has closed the connection.')
  return { closed: there.length }
}

const NOBODY: readonly string[] = Object.freeze([])

/** Who is on a connection: more than one where it is a member under other ids than it signed in with. */
function usersOf({ user, channels, socketId }: Connection): readonly string[] {
  let users = user === undefined ? NOBODY : [user.userId]
  for (const { presence } of channels) {
    const member = presence?.members.memberOf(socketId)
    if (member !== undefined && !users.includes(member.userId)) users = [...users, member.userId]
  }
  return users
}

const isIn = ({ channels }: Connection, channel: string): boolean =>
  channels.some(({ name }) => name === channel)

function rowOf(connection: Connection): Row {
  const { app, socketId, channels, bufferedBytes, openedSecond } = connection
  const [userId = null] = usersOf(connection)
  const openedAt = new Date(openedSecond * 1000).toISOString()
  return {
    app: app.id,
    name: socketId,
    count: channels.length,
    connection: { node: NODE, userId, openedAt, bufferedBytes },
  }
}
