/** The metrics of Redis: where Laravel apps are heard, and what the nodes share. */
import type { Metric } from './metric.ts'
import type { MetricsSources, RedisState } from './sources.ts'

/** Of several Redis servers, the one that is worst off. Without any there is nothing to say. */
function worst(
  name: string,
  help: string,
  pick: (state: RedisState) => number | undefined,
  of: 'min' | 'max',
): Metric {
  return {
    name,
    type: 'gauge',
    help,
    ofWorkers: of,
    read: ({ redis }, write) => {
      const values = [...redis.states()].map(pick).filter((value) => value !== undefined)
      if (values.length > 0) write(Math[of](...values))
    },
  }
}

function lost(name: string, help: string, field: 'lostSeconds' | 'reconnects'): Metric {
  return {
    name,
    type: 'counter',
    help,
    read: ({ redis }, write) => {
      const counts = redis.lost()
      if (counts !== undefined) write(counts[field])
    },
  }
}

export const REDIS_METRICS: readonly Metric[] = [
  worst(
    'redis_up',
    'Whether every Redis that is listened to answers: 1 or 0.',
    ({ isUp }) => (isUp ? 1 : 0),
    'min',
  ),
  worst(
    'redis_round_trip_seconds',
    'Time Redis took to answer the last ping.',
    ({ roundTripSeconds }) => roundTripSeconds,
    'max',
  ),
  worst(
    'redis_last_message_age_seconds',
    "Age of the last message of Laravel's redis driver, once there was one.",
    ({ lastMessageAgeSeconds }) => lastMessageAgeSeconds,
    'max',
  ),
  lost(
    'redis_lost_seconds_total',
    "Time in which messages of Laravel's redis driver were lost, because Redis was away.",
    'lostSeconds',
  ),
  lost('redis_reconnects_total', 'How often Redis was back after it was away.', 'reconnects'),
]

/** Of a node among others. Without others there is nothing to say. */
export const GROUP_METRICS: readonly Metric[] = [
  {
    name: 'nodes',
    type: 'gauge',
    help: 'Nodes that share a Redis with this one, itself included.',
    ofWorkers: 'max',
    read: ofGroup(({ nodes }) => nodes),
  },
  {
    name: 'node_live',
    type: 'gauge',
    help: 'Whether Redis has what this node holds, and this node hears the others: 1 or 0.',
    ofWorkers: 'min',
    read: ofGroup(({ isLive }) => (isLive ? 1 : 0)),
  },
  {
    name: 'node_messages_total',
    type: 'counter',
    help: 'Messages between nodes, by what became of them here.',
    labels: ['outcome'],
    read: ({ group }, write) => {
      for (const [outcome, count] of Object.entries(group()?.messages ?? {})) write(count, outcome)
    },
  },
]

function ofGroup(pick: (state: NonNullable<ReturnType<MetricsSources['group']>>) => number) {
  return ({ group }: MetricsSources, write: (value: number) => void): void => {
    const state = group()
    if (state !== undefined) write(pick(state))
  }
}
