/**
 * What happens on this node, for whoever looks on: `resound tail` and the console. While nobody does, it
 * costs one look at a field.
 */
import type { Clock } from '../clock.ts'
import type { Connection } from './connection.ts'
import type { Publication } from './publication.ts'
import type { EventSource } from './tally.ts'

/** A thing that happened, or a decision: fields are added, never renamed, since programs read it. */
export type Observation =
  | {
      readonly kind: 'event'
      readonly app: string
      readonly channel: string
      readonly event: string
      readonly source: EventSource
      /** To how many connections of this node. */
      readonly delivered: number
      readonly bytes: number
      /** Whether another node received it and handed it on. */
      readonly relayed: boolean
      readonly exceptSocketId?: string
      /** As it was published. */
      readonly data: string
    }
  | { readonly kind: 'connected'; readonly app: string; readonly socketId: string }
  | {
      readonly kind: 'disconnected'
      readonly app: string
      readonly socketId: string
      readonly code: number
    }
  | {
      readonly kind: 'subscribed' | 'unsubscribed'
      readonly app: string
      readonly channel: string
      readonly socketId: string
      /** Of a presence channel's member. */
      readonly userId?: string
    }
  | {
      readonly kind: 'signed-in'
      readonly app: string
      readonly socketId: string
      readonly userId: string
    }
  | ({
      readonly kind: 'refused'
      readonly what: Refused
      /** As it was told to who asked. */
      readonly reason: string
    } & RefusalDetails)
  | {
      /** A connection that reads too slowly, and is closed. */
      readonly kind: 'dropped'
      readonly app: string
      readonly socketId: string
      readonly bytes: number
    }

export interface RefusalDetails {
  /** Of the protocol, or the HTTP status. */
  readonly code?: number
  readonly app?: string
  readonly channel?: string
  readonly socketId?: string
}

/** What was asked for in vain. */
export type Refused =
  | 'connection'
  | 'subscription'
  | 'client-event'
  | 'sign-in'
  | 'message'
  | 'request'
  | 'redis-message'

/** With when it happened, in Unix milliseconds. */
export type Observed = Observation & { readonly time: number }

export class Observers {
  /** Whether anybody looks on; to be asked before an observation is made up. */
  isWatched = false
  readonly #clock: Clock
  readonly #observers = new Set<(observed: Observed) => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @returns what ends it */
  add(observer: (observed: Observed) => void): () => void {
    this.#observers.add(observer)
    this.isWatched = true
    return () => {
      this.#observers.delete(observer)
      this.isWatched = this.#observers.size > 0
    }
  }

  /** To be asked only while somebody looks on: it is once per event and channel. */
  event(publication: Publication, channel: string, delivered: number, relayed: boolean): void {
    const { app, event, source, data, exceptSocketId } = publication
    const sender = exceptSocketId === undefined ? {} : { exceptSocketId }
    const bytes = Buffer.byteLength(data)
    const seen = { app: app.id, channel, event, source, delivered, bytes, relayed, data, ...sender }
    this.#tell({ kind: 'event', ...seen })
  }

  connected({ app, socketId }: Connection): void {
    if (this.isWatched) this.#tell({ kind: 'connected', app: app.id, socketId })
  }

  disconnected({ app, socketId }: Connection, code: number): void {
    if (this.isWatched) this.#tell({ kind: 'disconnected', app: app.id, socketId, code })
  }

  /** @param userId of a presence channel's member */
  subscription(
    kind: 'subscribed' | 'unsubscribed',
    { app, socketId }: Connection,
    channel: string,
    userId: string | undefined,
  ): void {
    if (!this.isWatched) return
    const who = userId === undefined ? {} : { userId }
    this.#tell({ kind, app: app.id, channel, socketId, ...who })
  }

  signedIn({ app, socketId }: Connection, userId: string): void {
    if (this.isWatched) this.#tell({ kind: 'signed-in', app: app.id, socketId, userId })
  }

  dropped({ app, socketId, bufferedBytes: bytes }: Connection): void {
    if (this.isWatched) this.#tell({ kind: 'dropped', app: app.id, socketId, bytes })
  }

  /** Something was asked for in vain. @param details what is known of who asked, and for what */
  refused(what: Refused, reason: string, details: RefusalDetails = {}): void {
    if (this.isWatched) this.#tell({ kind: 'refused', what, reason, ...details })
  }

  #tell(observation: Observation): void {
    const observed = Object.assign(observation, { time: this.#clock.now() }) // made for this alone
    for (const observer of this.#observers) observer(observed)
  }
}
