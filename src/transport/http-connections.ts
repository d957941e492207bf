/**
 * The connections that are no WebSockets: just accepted, with a request under way, or kept alive.
 *
 * Counted so that a server that ends can answer what is on its way: uWebSockets.js would cut all of
 * them off, and a client whose upgrade is cut off comes back after 15 seconds only. And so that one
 * that runs out of files knows how many it has given away.
 */
import type { HttpResponse, TemplatedApp } from 'uWebSockets.js'
import type { Clock } from '../clock.ts'

/** Of the event loop, for a moment in which nobody comes. */
const MOST_TURNS = 100
const STEP_MILLISECONDS = 50
/** For a request to come on a connection that was accepted last. Idle ones are closed after it. */
const ARRIVAL_MILLISECONDS = 1000
/** For requests whose answer takes time, such as those that ask Laravel. */
const ANSWER_MILLISECONDS = 10_000

export class HttpConnections {
  #open = 0
  #webSockets = 0
  #accepted = 0
  #underWay = 0
  #isClosing = false

  /** With those that have become WebSockets, refused ones too. */
  get sockets(): number {
    return this.#open + this.#webSockets
  }

  /**
   * Counts the connections of an app from now on.
   * @param isFull whether a connection that has just been accepted is one too many, and to be cut off
   */
  watch(app: TemplatedApp, isFull: () => boolean = () => false): void {
    const count = (res: HttpResponse, change: unknown): void => {
      this.#open += Number(change)
      if (Number(change) < 0) return
      this.#accepted += 1
      if (isFull()) res.close()
    }
    app.filter(count)
  }

  /**
   * Resolves after a turn of the event loop in which nothing was accepted, or when there is none such:
   * the moment to close the listener, since what waits in its queue then is reset.
   */
  async quiet(): Promise<void> {
    for (let turn = 0; turn < MOST_TURNS; turn += 1) {
      const before = this.#accepted
      await new Promise(setImmediate)
      if (turn > 0 && this.#accepted === before) return // the first turn may have begun before
    }
  }

  /** One of them has become a WebSocket, which uWebSockets.js does not tell. */
  upgraded(): void {
    this.#open -= 1
    this.#webSockets += 1
  }

  /** A WebSocket has ended. */
  closed(): void {
    this.#webSockets -= 1
  }

  /** Counts a request until its answer is there. */
  track(answer: Promise<unknown>): void {
    this.#underWay += 1
    const done = (): void => {
      this.#underWay -= 1
    }
    answer.then(done, done)
  }

  /** Whether an answer is the last on its connection, so that who asked turns to another process. */
  get isClosing(): boolean {
    return this.#isClosing
  }

  /** From now on a connection ends with its answer. */
  close(): void {
    this.#isClosing = true
  }

  /** Resolves when none is left, or those that are have had their time. @param signal ends the waiting */
  async settled(clock: Clock, signal: AbortSignal): Promise<void> {
    const begun = clock.now()
    for (;;) {
      const passed = clock.now() - begun
      const isLate = passed >= (this.#underWay > 0 ? ANSWER_MILLISECONDS : ARRIVAL_MILLISECONDS)
      if (this.#open <= 0 || isLate || signal.aborted) return
      await new Promise<void>((resolve) => clock.after(STEP_MILLISECONDS, resolve))
    }
  }
}
