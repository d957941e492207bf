/**
 * Time, passed in: the real clock here, one turned by hand in the tests.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Calls `tick` every `milliseconds` until the returned function is called. Never keeps the process alive. */
  every(milliseconds: number, tick: () => void): () => void
  /** Calls `done` once after `milliseconds`, unless the returned function is called first. */
  after(milliseconds: number, done: () => void): () => void
}

export const realClock: Clock = {
  now: () => Date.now(),
  every(milliseconds, tick) {
    const timer = setInterval(tick, milliseconds)
    timer.unref()
    return () => clearInterval(timer)
  },
  after(milliseconds, done) {
    const timer = setTimeout(done, milliseconds)
    return () => clearTimeout(timer)
  },
}
