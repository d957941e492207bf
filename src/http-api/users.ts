/**
 * POST /users/{id}/terminate_connections and GET /connections.
 */
import { USER_ID_LENGTH } from '../../channels/name.ts'
import type { App } from '../apps/app.ts'
import { type Broker, type Soon, whenKnown } from '../broker/broker.ts'
import type { Hub } from '../hub/hub.ts'
import { DONE, type HttpResponse, json, refusal } from './exchange.ts'

/** Closes every connection that is signed in as the user; where the app says so, also presence members. */
export function terminateConnections(userId: string, app: App, hub: Hub): Soon<HttpResponse> {
  if (userId.length > USER_ID_LENGTH) {
    return refusal(400, `A user id has at most ${USER_ID_LENGTH} characters.`)
  }
  return whenKnown(hub.terminate(app, userId), () => DONE)
}

/** How many connections are established; Laravel Pulse reads it. */
export function getConnections(app: App, broker: Broker): Soon<HttpResponse> {
  return whenKnown(broker.connections(app), (connections) => json({ connections }))
}
