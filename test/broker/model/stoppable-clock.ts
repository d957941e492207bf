/** The real clock of a process that may be stopped, as by SIGSTOP: what falls due meanwhile comes after it. */
import { type Clock, realClock } from '../../../src/clock.ts'

export class StoppableClock implements Clock {
  readonly #overdue = new Set<() => void>()
  readonly #running = new Set<() => void>()
  #isStopped = false

  now(): number {
    return realClock.now()
  }

  every(milliseconds: number, tick: () => void): () => void {
    return this.#own(
      realClock.every(milliseconds, () => this.#due(tick)),
      tick,
    )
  }

  after(milliseconds: number, done: () => void): () => void {
    const once = (): void => {
      cancel()
      done()
    }
    const cancel = this.#own(
      realClock.after(milliseconds, () => this.#due(once)),
      once,
    )
    return cancel
  }

  stop(): void {
    this.#isStopped = true
  }

  resume(): void {
    this.#isStopped = false
    for (const tick of [...this.#overdue]) if (this.#overdue.delete(tick)) tick()
  }

  /** Nothing happens any more. */
  kill(): void {
    for (const cancel of [...this.#running]) cancel()
  }

  #own(stop: () => void, tick: () => void): () => void {
    const cancel = (): void => {
      this.#running.delete(cancel)
      this.#overdue.delete(tick)
      stop()
    }
    this.#running.add(cancel)
    return cancel
  }

  #due(tick: () => void): void {
    if (this.#isStopped) this.#overdue.add(tick)
    else tick()
  }
}
