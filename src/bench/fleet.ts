/**
 * The connections of a load, and what they hear: sorts it, and tells the phase that is going on.
 */
import { ErrorCounts } from './errors.ts'
import type { Measure } from './measure.ts'
import { Peer, type PeerOwner } from './peer.ts'
import { StampReader } from './stamp.ts'
import type { Target } from './target.ts'

/** The phase that is going on. */
export interface Listener {
  /** Where what goes wrong is counted. */
  readonly measure: Pick<Measure, 'errors' | 'happened'>
  /** What this connection asked for has been done, or refused. */
  answered?(peer: Peer, isDone: boolean): void
  /** An event of the load has arrived; its stamp is only lent. */
  delivered?(peer: Peer, stamp: StampReader): void
  /** Somebody has come or gone in a presence channel. */
  presence?(peer: Peer, isJoin: boolean): void
  /** A connection has ended after it was told goodbye. */
  ended?(peer: Peer): void
}

/** Enough to see which event it is; a roster is long. */
const BEGINNING = 256
const EVENT_NAME = /"event"\s*:\s*"([^"]*)"/
const SOCKET_ID = /"?socket_id\\*"\s*:\s*\\*"([\d.]+)/
const PONG = '{"event":"pusher:pong","data":{}}'

export class Fleet implements PeerOwner {
  readonly peers: Peer[] = []
  /** Something has come; a number that only grows. */
  heardCount = 0
  /** Joins and leaves that were told. */
  presenceEvents = 0
  readonly #targets: readonly Target[]
  readonly #nodeOf: (index: number) => number
  readonly #stamps = new StampReader()
  /** Those that were refused before they were established: their close is no further news. */
  readonly #refused = new Set<Peer>()
  #listener: Listener = { measure: { errors: new ErrorCounts(), happened: 0 } }
  #isClosing = false

  /** @param nodeOf which of the targets a connection goes to */
  constructor(targets: readonly Target[], nodeOf: (index: number) => number) {
    this.#targets = targets
    this.#nodeOf = nodeOf
  }

  /** Those that are established, and have not ended. */
  get open(): number {
    return this.peers.filter((peer) => peer.isOpen && peer.socketId !== '').length
  }

  /** What has happened in the phase that goes on, and how much went wrong. */
  get progress(): { readonly happened: number; readonly errors: number } {
    const { happened, errors } = this.#listener.measure
    return { happened, errors: errors.total }
  }

  listen(listener: Listener): void {
    this.#listener = listener
  }

  /** Opens the next connection. */
  dial(): Peer {
    const index = this.peers.length
    const target = this.#targets[this.#nodeOf(index)]
    if (target === undefined) throw new RangeError(`there is no node for connection ${index}`)
    const peer = new Peer(index, target, this)
    this.peers.push(peer)
    return peer
  }

  /** Says goodbye on all connections. @returns how many there were */
  close(): number {
    this.#isClosing = true
    const open = this.peers.filter(({ isOpen }) => isOpen)
    for (const peer of open) peer.close()
    return open.length
  }

  terminate(): void {
    this.#isClosing = true
    for (const peer of this.peers) peer.terminate()
  }

  heard(peer: Peer, bytes: Buffer, start: number, end: number): void {
    this.heardCount += 1
    if (this.#stamps.read(bytes, start, end)) {
      this.#listener.delivered?.(peer, this.#stamps)
      return
    }
    const beginning = bytes.toString('utf8', start, Math.min(end, start + BEGINNING))
    const name = EVENT_NAME.exec(beginning) ?? EVENT_NAME.exec(bytes.toString('utf8', start, end))
    this.#heardEvent(peer, name?.[1], () => bytes.toString('utf8', start, end))
  }

  ended(peer: Peer, reason: string, code?: number): void {
    if (this.#isClosing) this.#listener.ended?.(peer)
    else if (!this.#refused.delete(peer)) {
      this.#listener.measure.errors.add(code === undefined ? reason : `closed ${code}`)
      this.#listener.answered?.(peer, false)
    }
    peer.socketId = ''
  }

  #heardEvent(peer: Peer, event: string | undefined, text: () => string): void {
    switch (event) {
      case 'pusher:connection_established':
        peer.socketId = SOCKET_ID.exec(text())?.[1] ?? ''
        this.#listener.answered?.(peer, true)
        break
      case 'pusher_internal:subscription_succeeded':
      case 'pusher:pong':
        this.#listener.answered?.(peer, true)
        break
      case 'pusher_internal:member_added':
      case 'pusher_internal:member_removed':
        this.presenceEvents += 1
        this.#listener.presence?.(peer, event === 'pusher_internal:member_added')
        break
      case 'pusher:ping':
        peer.send(PONG)
        break
      case 'pusher:error':
      case 'pusher:subscription_error':
        this.#fail(peer, event, text())
        break
      default: // of a channel's own, such as a count of subscriptions
    }
  }

  #fail(peer: Peer, event: string, text: string): void {
    const code = /\\?"(?:code|status)\\?"\s*:\s*(\d+)/.exec(text)?.[1]
    this.#listener.measure.errors.add(code === undefined ? event : `${event} ${code}`, text)
    if (peer.socketId === '') this.#refused.add(peer)
    this.#listener.answered?.(peer, false)
  }
}
