/**
 * How a server ends: it lets its connections go at the drain's pace, or stops at once. Each happens
 * once, whoever asks again; stopping ends a drain in progress.
 */
import type { Clock } from './clock.ts'
import type { Hub } from './hub/hub.ts'
import type { OwnReadiness } from './own-readiness.ts'
import { answered, closeAll, type DrainOptions, drain } from './session/drain.ts'
import type { Sessions } from './session/sessions.ts'
import type { PublicPort } from './transport/public-port.ts'

export interface EndingParts {
  readonly hub: Hub
  readonly sessions: Sessions
  readonly port: PublicPort
  readonly readiness: OwnReadiness
  readonly options: DrainOptions
  /** How late the event loop is, in seconds: ours, or that of those who take the connections. */
  readonly pressure: () => number
  /** Stops every other part, once no connection is left. */
  readonly stopParts: () => Promise<void>
  readonly clock: Clock
}

export class Ending {
  readonly #parts: EndingParts
  readonly #stopping = new AbortController()
  #drained: Promise<void> | undefined
  #stopped: Promise<void> | undefined

  constructor(parts: EndingParts) {
    this.#parts = parts
  }

  /** Whether it has been told to stop, or has drained. */
  get isStopping(): boolean {
    return this.#stopped !== undefined
  }

  /** Refuses new connections, lets the present ones go at the drain's pace, then stops. */
  drain(): Promise<void> {
    this.#drained ??= this.#drain()
    return this.#drained
  }

  /** Stops at once, closing every connection with 4200. Also ends a drain in progress. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #drain(): Promise<void> {
    const { hub, sessions, port, readiness, options, pressure, clock } = this.#parts
    const { signal } = this.#stopping
    readiness.ends('draining')
    port.connections.close()
    const until = clock.now() + options.stopSeconds * 1000
    const letGo = (): Promise<void> =>
      drain({ hub, clock, signal, options, pressure, held: () => sessions.held })
    await port.connections.quiet()
    port.stopListening()
    await letGo() // only now: who is sent away dials at once, and must not meet a listener that closes
    await Promise.all([
      answered(port.traffic, { clock, signal, until }),
      port.connections.settled(clock, signal),
    ])
    await letGo() // those whose upgrade was on its way
    // Whoever asks now, on a connection it kept, must not be heard here alone and answered 503.
    port.apps.close()
    await this.stop()
  }

  async #stop(): Promise<void> {
    const { hub, sessions, port, readiness, stopParts } = this.#parts
    readiness.ends('stopping')
    this.#stopping.abort()
    port.stopListening()
    sessions.stop()
    closeAll(hub)
    await stopParts()
    port.close()
  }
}
