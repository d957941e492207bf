/**
 * How long the nodes of a group wait for each other, and for Redis.
 */
export interface Durations {
  readonly leaseMilliseconds: number
  readonly renewMilliseconds: number
  /** How long others get to come back as well, before those who have not are taken for gone. */
  readonly settleMilliseconds: number
  readonly graceMilliseconds: number
  /** Between attempts to begin again. */
  readonly retryMilliseconds: number
  /** Between looking whether something was missed. */
  readonly reviewMilliseconds: number
}

/** Short, as three seconds after Redis is back all has to be right again, two of which are for settling. */
export const RETRY_MS = 300

/** In the server; only the grace is configured. */
export const DURATIONS: Omit<Durations, 'graceMilliseconds'> = {
  leaseMilliseconds: 10_000,
  renewMilliseconds: 2500,
  settleMilliseconds: 2000,
  retryMilliseconds: RETRY_MS,
  reviewMilliseconds: 30_000,
}
