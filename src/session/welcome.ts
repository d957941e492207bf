/**
 * Whose turn it is to be established. Clients that lost their server come back all at once and
 * without jitter, and each brings its channels' authorisations to the app: what goes beyond a burst
 * waits its turn, and what would wait too long is sent back after a random time.
 *
 * Who waits is in no hub, and hears nothing: a client that is told to reconnect before it is
 * established does so at once and for ever.
 */
import type { Clock } from '../clock.ts'
import type { Connection } from '../hub/connection.ts'
import type { Socket } from '../hub/socket.ts'

const STEP_MILLISECONDS = 20

export interface WelcomeOptions {
  /** Turns per second once the burst is used up. */
  readonly perSecond: number
  /** Turns that are there at once after a time of rest. */
  readonly burst: number
  /** Longest wait for a turn, and for being sent back. */
  readonly holdSeconds: number
}

interface Leaving {
  readonly socket: Socket
  /** When, in Unix time in milliseconds. */
  readonly at: number
}

export class Welcome {
  readonly #clock: Clock
  readonly #period: number
  readonly #burstMilliseconds: number
  readonly #holdMilliseconds: number
  readonly #mostWaiting: number
  readonly #establish: (connection: Connection, socket: Socket) => void
  readonly #sendBack: (socket: Socket) => void
  /** In the order in which they came. */
  readonly #waiting = new Map<Connection, Socket>()
  readonly #leaving = new Map<Connection, Leaving>()
  /** When the next turn would have been due had there been no rest; at most now. */
  #due = 0
  #stopTurns: (() => void) | undefined

  constructor(parts: {
    clock: Clock
    options: WelcomeOptions
    /** The turn of one that waited has come. */
    establish: (connection: Connection, socket: Socket) => void
    /** One has to come back later. */
    sendBack: (socket: Socket) => void
  }) {
    const { perSecond, burst, holdSeconds } = parts.options
    this.#clock = parts.clock
    this.#period = 1000 / perSecond
    this.#burstMilliseconds = burst * this.#period
    this.#holdMilliseconds = holdSeconds * 1000
    this.#mostWaiting = perSecond * holdSeconds
    this.#establish = parts.establish
    this.#sendBack = parts.sendBack
  }

  /** How many are held: waiting for their turn, or for being sent back. */
  get held(): number {
    return this.#waiting.size + this.#leaving.size
  }

  // hot path: once per connection (test/bench, connect-2k and storm-5k).
  /** Takes a turn if there is one and nobody waits for it. */
  takeTurn(): boolean {
    return this.#waiting.size === 0 && this.#take(this.#clock.now())
  }

  /** Keeps one that had no turn, until it has one or is sent back. */
  hold(connection: Connection, socket: Socket): void {
    if (this.#waiting.size < this.#mostWaiting) {
      this.#waiting.set(connection, socket)
    } else {
      const at = this.#clock.now() + Math.random() * this.#holdMilliseconds
      this.#leaving.set(connection, { socket, at })
    }
    this.#stopTurns ??= this.#clock.every(STEP_MILLISECONDS, () => this.#step())
  }

  /** One that may be held is gone. */
  forget(connection: Connection): void {
    if (!this.#waiting.delete(connection)) this.#leaving.delete(connection)
    this.#rest()
  }

  /** Sends back all that are held, now. */
  stop(): void {
    const sockets = [...this.#waiting.values()]
    for (const { socket } of this.#leaving.values()) sockets.push(socket)
    this.#waiting.clear()
    this.#leaving.clear()
    this.#rest()
    for (const socket of sockets) this.#sendBack(socket)
  }

  #step(): void {
    const now = this.#clock.now()
    for (const [connection, socket] of this.#waiting) {
      if (!this.#take(now)) break
      this.#waiting.delete(connection)
      this.#establish(connection, socket)
    }
    for (const [connection, { socket, at }] of this.#leaving) {
      if (at > now) continue
      this.#leaving.delete(connection)
      this.#sendBack(socket)
    }
    this.#rest()
  }

  #take(now: number): boolean {
    // Of a rest only the burst is kept, and nothing of a time that a corrected clock has taken back.
    const due = Math.min(now, Math.max(this.#due, now - this.#burstMilliseconds))
    const isDue = due + this.#period <= now
    this.#due = isDue ? due + this.#period : due
    return isDue
  }

  /** Time is watched only while somebody is held. */
  #rest(): void {
    if (this.held > 0) return
    this.#stopTurns?.()
    this.#stopTurns = undefined
  }
}
