import type { App } from '../apps/app.ts'
import type { Received } from './event-measures.ts'
import type { EventSource } from './tally.ts'

/** An event on its way to one or more channels of an app. */
export interface Publication {
  readonly app: App
  /** Which door it came through. Only what a server publishes is remembered by cache channels. */
  readonly source: EventSource
  /** Allowed names, each once. */
  readonly channels: readonly string[]
  readonly event: string
  /** The text the publisher gave. */
  readonly data: string
  /** The connection that does not receive it. */
  readonly exceptSocketId: string | undefined
  /** Who sent it, where the protocol says so: client events on presence channels. */
  readonly userId?: string
  /** Undefined for those that are not timed. */
  readonly received?: Received | undefined
}
