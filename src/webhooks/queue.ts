/**
 * Where events wait for their endpoint: in the order they came, until they are delivered or given up.
 *
 * The worker of an endpoint takes the batch at the head of its queue and settles it; until it has,
 * taking again gives the same batch, so that a repeated request is the same to the byte.
 */
import type { EndpointAddress } from './endpoint.ts'

/** Events of one endpoint that were gathered together. */
export interface Entry {
  readonly events: number
  /** When the first of them happened, in Unix milliseconds. */
  readonly time: number
  /** When it was put into the queue, in Unix milliseconds. */
  readonly queuedAt: number
  /** The events' JSON, joined by commas. */
  readonly text: string
  /** What it takes of the budget while it is in memory. */
  readonly bytes: number
}

/** Entries that make one request. */
export interface Batch {
  readonly events: number
  readonly time: number
  readonly queuedAt: number
  readonly text: string
}

/** A request that was given up. */
export interface Failure {
  readonly id: string
  readonly appId: string
  /** Its webhook, without user, password and query. */
  readonly webhook: string
  readonly endpointId: string
  readonly events: number
  readonly time: number
  readonly givenUpAt: number
  /** What the endpoint did on the last attempt. */
  readonly reason: string
  readonly text: string
}

/** What a queue tells whoever set it up. */
export interface QueueNews {
  /** There is something to take, and this node is the one to take it. */
  readonly work: (address: EndpointAddress) => void
  /** There was no room for events that had been accepted. */
  readonly dropped: (appId: string, events: number) => void
  /** Events had waited for an endpoint that is no longer configured. */
  readonly forgotten: (appId: string, events: number) => void
}

export interface WebhookQueue {
  /** Whether what is in it outlives this process. */
  readonly isDurable: boolean
  /** Accepts an entry, at once; its share of the budget is the queue's to release. */
  push(address: EndpointAddress, entry: Entry): void
  /** The batch to deliver next, or undefined when there is none or it is not this node's to deliver. */
  take(address: EndpointAddress): Promise<Batch | undefined>
  /** The batch that was taken is delivered. */
  delivered(address: EndpointAddress, batch: Batch): Promise<void>
  /** The batch that was taken is given up, and kept as this. */
  giveUp(address: EndpointAddress, batch: Batch, failure: Failure): Promise<void>
  /** Forgets what waits for endpoints that are no longer configured. @param present the others */
  configure(present: readonly EndpointAddress[]): void
  /** How many events of an app wait. */
  waiting(appId: string): number
  /**
   * The newest first, at most so many.
   * @throws ResoundError where they cannot be had now; `replay`, too
   */
  failures(appId: string, most: number): Promise<readonly Failure[]>
  /** Puts failures back into their queues. @returns how many requests; those without an endpoint stay */
  replay(appId: string, ids?: readonly string[]): Promise<number>
  /** Resolves when what was accepted is where it outlives this process; at once where nothing does. */
  stored(): Promise<void>
  /** Ends it. @returns how many events are lost */
  stop(): Promise<number>
}
