/**
 * What is asked of PostgreSQL to read a table of apps, in one consistent state of it.
 *
 * A row's checksum is of what we read of it, so it works for a view as well as for a table, and nothing
 * but a change that matters changes it (PostgreSQL 11 or newer: hashtextextended). Names come from
 * the configuration's pattern and from our list of columns, so they need no escaping beyond quotes.
 */
import { ResoundError } from '../errors.ts'
import { COLUMNS, REQUIRED_COLUMNS } from './app-row.ts'
import type { TableRow } from './app-rows.ts'
import type { PostgresConnection } from './postgres-connection.ts'

/** Beyond this nothing of a table is read: everything is held in memory. */
const MOST_ROWS = 100_000
/** Of all that is read of one row, as JSON. Larger ones are known to be there, and not read. */
const MOST_ROW_BYTES = 65_536
/** So few that neither memory nor the event loop is taken up by a large table. */
const ROWS_AT_ONCE = 200
/** One character longer than an id may be, so that no id that is too long looks like another. */
const SHOWN_ID_LENGTH = 65
/** PostgreSQL itself ends what takes longer, before the connection is given up for silent. */
const STATEMENT_MILLISECONDS = 4000

const BEGIN = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
  SET LOCAL statement_timeout = ${STATEMENT_MILLISECONDS}`

/** A table as it is at one moment. */
export interface Snapshot {
  /** Differs when any row does, or what can be read of them. */
  readonly version: string
  /** All rows, in the same order on every node. */
  rows(): AsyncIterable<readonly TableRow[]>
}

/**
 * Looks at a table, and lets `use` read its rows.
 * @throws ResoundError RESOUND_POSTGRES_UNREADABLE when there is no such table, or it cannot be read,
 *   or has too many rows; RESOUND_POSTGRES_UNREACHABLE. The connection is then good for nothing more.
 */
export async function withSnapshot(
  connection: PostgresConnection,
  table: string,
  use: (snapshot: Snapshot) => Promise<void>,
): Promise<void> {
  await connection.query(BEGIN)
  const columns = await readableColumns(connection, table)
  const contents = contentsQuery(table, columns)
  const [summary] = await connection.query(
    `SELECT count(*) AS rows, coalesce(sum(hashtextextended(content, 0)), 0)::text AS checksum
     FROM (${contents}) AS contents`,
  )
  const rows = Number(summary?.['rows'])
  if (rows > MOST_ROWS) {
    throw unreadable(`the table has ${rows} rows, and no more than ${MOST_ROWS} are taken over`)
  }
  await use({
    version: `${columns.join()} ${rows} ${String(summary?.['checksum'])}`,
    rows: () => rowsOf(connection, contents),
  })
  await connection.query('COMMIT')
}

/** The columns that there are and that we may read, of those that we know. */
async function readableColumns(
  connection: PostgresConnection,
  table: string,
): Promise<readonly string[]> {
  const found = await connection.query(
    `SELECT attname AS name, has_column_privilege(attrelid, attnum, 'SELECT') AS readable
     FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`,
    [table],
  )
  if (found.length === 0) throw unreadable(`there is no table ${table}`)
  const readable = new Set(found.filter((row) => row['readable'] === true).map(({ name }) => name))
  const missing = REQUIRED_COLUMNS.find((name) => !readable.has(name))
  if (missing === undefined) return COLUMNS.filter((name) => readable.has(name))
  throw unreadable(
    found.some(({ name }) => name === missing)
      ? `this user may not read the column ${missing}`
      : `the table has no column ${missing}`,
  )
}

function contentsQuery(table: string, columns: readonly string[]): string {
  const names = columns.map((column) => `"${column}"`).join(', ')
  return `SELECT app.id, row_to_json(app)::text AS content FROM (SELECT ${names} FROM ${table}) AS app`
}

async function* rowsOf(
  connection: PostgresConnection,
  contents: string,
): AsyncIterableIterator<readonly TableRow[]> {
  await connection.query(
    `DECLARE apps NO SCROLL CURSOR FOR
     SELECT left(id::text, ${SHOWN_ID_LENGTH}) AS id, hashtextextended(content, 0)::text AS checksum,
       CASE WHEN octet_length(content) <= ${MOST_ROW_BYTES} THEN content END AS content
     FROM (${contents}) AS contents
     ORDER BY id::text COLLATE "C", content COLLATE "C"`,
  )
  for (;;) {
    const rows = await connection.query(`FETCH ${ROWS_AT_ONCE} FROM apps`)
    yield rows.map(({ id, checksum, content }) => ({
      id: String(id),
      checksum: String(checksum),
      content: typeof content === 'string' ? content : undefined,
    }))
    if (rows.length < ROWS_AT_ONCE) return
  }
}

const unreadable = (reason: string): ResoundError =>
  new ResoundError('RESOUND_POSTGRES_UNREADABLE', reason)
