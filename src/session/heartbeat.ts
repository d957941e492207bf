/**
 * Notices connections that have fallen silent: one sweep over all of them, no timer for any.
 *
 * A connection that sent nothing for the activity timeout gets a control ping, which browsers answer
 * by themselves; one that still says nothing is closed with 4201, and comes back at once if it lives.
 */
import type { Clock } from '../clock.ts'
import type { Connection } from '../hub/connection.ts'
import type { Hub } from '../hub/hub.ts'
import { CLOSE } from '../protocol/codes.ts'

export interface HeartbeatOptions {
  readonly activityTimeoutSeconds: number
  readonly pongTimeoutSeconds: number
  readonly userAuthenticationTimeoutSeconds: number
}

export class Heartbeat {
  readonly #clock: Clock
  readonly #pingAfterSweeps: number
  readonly #closeAfterSweeps: number
  readonly #authenticationMilliseconds: number
  /** When each connection that must authenticate has to have done so; in order of opening. */
  readonly #unauthenticated = new Map<Connection, number>()
  readonly #stopSweeping: () => void

  constructor(hub: Hub, clock: Clock, options: HeartbeatOptions) {
    const { activityTimeoutSeconds, pongTimeoutSeconds } = options
    const sweepSeconds = sweepPeriod(options)
    this.#clock = clock
    // The first sweep may follow the last sign of life at once, so it counts for nothing.
    this.#pingAfterSweeps = Math.ceil(activityTimeoutSeconds / sweepSeconds) + 1
    this.#closeAfterSweeps = this.#pingAfterSweeps + Math.ceil(pongTimeoutSeconds / sweepSeconds)
    this.#authenticationMilliseconds = options.userAuthenticationTimeoutSeconds * 1000
    this.#stopSweeping = clock.every(sweepSeconds * 1000, () => this.#sweep(hub))
  }

  watch(connection: Connection): void {
    if (!connection.app.settings.userAuthentication) return
    this.#unauthenticated.set(connection, this.#clock.now() + this.#authenticationMilliseconds)
  }

  forget(connection: Connection): void {
    this.#unauthenticated.delete(connection)
  }

  stop(): void {
    this.#stopSweeping()
  }

  #sweep(hub: Hub): void {
    const dead: Connection[] = [] // closing one changes what is being walked
    for (const connection of hub.connections()) {
      connection.silentSweeps += 1
      if (connection.silentSweeps === this.#pingAfterSweeps) connection.ping()
      else if (connection.silentSweeps >= this.#closeAfterSweeps) dead.push(connection)
    }
    for (const connection of dead) {
      connection.close(CLOSE.PONG_TIMEOUT, 'No answer to a ping in time.')
    }
    this.#closeUnauthenticated()
  }

  #closeUnauthenticated(): void {
    const now = this.#clock.now()
    for (const [connection, deadline] of this.#unauthenticated) {
      if (deadline > now) return
      this.#unauthenticated.delete(connection)
      if (connection.authenticated || !connection.app.settings.userAuthentication) continue
      connection.close(CLOSE.UNAUTHORIZED, 'The connection was not authenticated in time.')
    }
  }
}

/** Often enough that no timeout is overshot by much, seldom enough to cost nothing. */
function sweepPeriod(options: HeartbeatOptions): number {
  const shortest = Math.min(
    options.activityTimeoutSeconds,
    options.pongTimeoutSeconds,
    options.userAuthenticationTimeoutSeconds,
  )
  return Math.min(5, Math.max(1, Math.floor(shortest / 4)))
}
