/** The metrics of the Redis servers where Laravel apps are heard. */
import type { Register } from './register.ts'

/** How a Redis that is listened to is doing. */
export interface RedisState {
  readonly isUp: boolean
  readonly roundTripSeconds: number | undefined
  readonly lastMessageAgeSeconds: number | undefined
}

export interface RedisSources {
  /** Those that are listened to. */
  readonly states: () => Iterable<RedisState>
  /** What was lost of all of them, also of those that are listened to no more; undefined without any. */
  readonly lost: () => { readonly lostSeconds: number; readonly reconnects: number } | undefined
}

/** Of several Redis servers, the one that is worst off. Without any there is nothing to say. */
export function defineRedisMetrics(register: Register, sources: RedisSources): void {
  const worst = (
    name: string,
    help: string,
    read: (state: RedisState) => number | undefined,
    of: 'min' | 'max',
  ): void =>
    register.gauge(
      name,
      help,
      [],
      (gauge) => {
        const values = [...sources.states()].map(read).filter((value) => value !== undefined)
        if (values.length === 0) gauge.remove()
        else gauge.set(Math[of](...values))
      },
      of,
    )
  worst(
    'redis_up',
    'Whether every Redis that is listened to answers.',
    ({ isUp }) => (isUp ? 1 : 0),
    'min',
  )
  worst(
    'redis_round_trip_seconds',
    'Time Redis took to answer the last ping.',
    ({ roundTripSeconds }) => roundTripSeconds,
    'max',
  )
  worst(
    'redis_last_message_age_seconds',
    "Age of the last message of Laravel's redis driver.",
    ({ lastMessageAgeSeconds }) => lastMessageAgeSeconds,
    'max',
  )
  const lost = (name: string, help: string, field: 'lostSeconds' | 'reconnects'): void =>
    register.counter(name, help, [], (counter) => {
      const counts = sources.lost()
      if (counts === undefined) counter.remove()
      else counter.inc(counts[field])
    })
  lost(
    'redis_lost_seconds_total',
    "Time in which messages of Laravel's redis driver were lost, because Redis was away.",
    'lostSeconds',
  )
  lost('redis_reconnects_total', 'How often Redis was back after it was away.', 'reconnects')
}
