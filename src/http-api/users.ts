/**
 * POST /users/{id}/terminate_connections and GET /connections.
 */
import { USER_ID_LENGTH } from '../../channels/name.ts'
import type { App } from '../apps/app.ts'
import type { Hub } from '../hub/hub.ts'
import { CLOSE } from '../protocol/codes.ts'
import { DONE, type HttpResponse, json, refusal } from './exchange.ts'

/** Closes every connection that is signed in as the user; where the app says so, also presence members. */
export function terminateConnections(userId: string, app: App, hub: Hub): HttpResponse {
  if (userId.length > USER_ID_LENGTH) {
    return refusal(400, `A user id has at most ${USER_ID_LENGTH} characters.`)
  }
  const live = hub.live(app)
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
  return DONE
}

/** How many connections are established; Laravel Pulse reads it. */
export function getConnections(app: App, hub: Hub): HttpResponse {
  return json({ connections: hub.live(app).connections.size })
}
