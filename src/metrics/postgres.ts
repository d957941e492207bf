/** The metrics of the table of apps in PostgreSQL. */
import type { Register } from './register.ts'

/** How the table of apps is doing. */
export interface PostgresState {
  readonly isUp: boolean
  /** Undefined before the first read. */
  readonly lastReadAgeSeconds: number | undefined
  readonly refusedRows: number
}

/** @param read undefined where no table is configured */
export function definePostgresMetrics(
  register: Register,
  read: () => PostgresState | undefined,
): void {
  const gauge = (
    name: string,
    help: string,
    pick: (state: PostgresState) => number | undefined,
    ofSeveral: 'min' | 'max' = 'max',
  ): void =>
    register.gauge(
      name,
      help,
      [],
      (gauge) => {
        const state = read()
        const value = state === undefined ? undefined : pick(state)
        if (value === undefined) gauge.remove()
        else gauge.set(value)
      },
      ofSeveral,
    )
  gauge(
    'postgres_up',
    'Whether the table of apps can be read.',
    ({ isUp }) => (isUp ? 1 : 0),
    'min',
  )
  gauge(
    'postgres_last_read_age_seconds',
    'Age of what is known of the table of apps.',
    ({ lastReadAgeSeconds }) => lastReadAgeSeconds,
  )
  gauge(
    'postgres_refused_rows',
    'Rows of the table of apps that are wrong.',
    ({ refusedRows }) => refusedRows,
  )
}
