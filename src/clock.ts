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

/** Resolves when the work is done, or the time is over. Rejects as the work does. */
export async function within(
  clock: Clock,
  milliseconds: number,
  work: Promise<void>,
): Promise<void> {
  let cancel = (): void => {}
  const over = new Promise<void>((resolve) => {
    cancel = clock.after(milliseconds, resolve)
  })
  try {
    await Promise.race([work, over])
  } finally {
    cancel()
  }
}
