/** The metrics of the table of apps in PostgreSQL. Without one there is nothing to say. */
import type { Metric } from './metric.ts'
import type { PostgresState } from './sources.ts'

function gauge(
  name: string,
  help: string,
  pick: (state: PostgresState) => number | undefined,
  ofWorkers: 'min' | 'max' = 'max',
): Metric {
  return {
    name,
    type: 'gauge',
    help,
    ofWorkers,
    read: ({ postgres }, write) => {
      const state = postgres()
      const value = state === undefined ? undefined : pick(state)
      if (value !== undefined) write(value)
    },
  }
}

export const POSTGRES_METRICS: readonly Metric[] = [
  gauge(
    'postgres_up',
    'Whether the table of apps can be read: 1 or 0.',
    ({ isUp }) => (isUp ? 1 : 0),
    'min',
  ),
  gauge(
    'postgres_last_read_age_seconds',
    'Age of what is known of the table of apps.',
    ({ lastReadAgeSeconds }) => lastReadAgeSeconds,
  ),
  gauge(
    'postgres_refused_rows',
    'Rows of the table of apps that are wrong.',
    ({ refusedRows }) => refusedRows,
  ),
]
