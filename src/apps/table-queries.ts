/**
 * The SQL that reads a table of apps. Names come from the configuration's pattern and from our list of
 * columns, so nothing in them needs escaping but that `key` is a word of SQL.
 *
 * A row's checksum is of what we read of it, so it works for a view as well as for a table, and nothing
 * but a change that matters changes it (PostgreSQL 11 or newer: hashtextextended).
 */

/** Of all that we read of one row, as JSON. Larger ones are known to be there, and not read. */
const MOST_ROW_BYTES = 65_536

/** One character longer than an id may be, so that no id that is too long looks like another. */
const SHOWN_ID_LENGTH = 65

const contents = (table: string, columns: readonly string[]): string => {
  const names = columns.map((column) => `"${column}"`).join(', ')
  return `SELECT app.id, row_to_json(app)::text AS content FROM (SELECT ${names} FROM ${table}) AS app`
}

/** How many `rows` there are, and a `checksum` of them all. */
export const summaryQuery = (table: string, columns: readonly string[]): string =>
  `SELECT count(*) AS rows, coalesce(sum(hashtextextended(content, 0)), 0)::text AS checksum
   FROM (${contents(table, columns)}) AS contents`

/** Each row's `id`, its `checksum`, and its `content` as JSON; in the same order everywhere. */
export const rowsQuery = (table: string, columns: readonly string[]): string =>
  `SELECT left(id::text, ${SHOWN_ID_LENGTH}) AS id, hashtextextended(content, 0)::text AS checksum,
     CASE WHEN octet_length(content) <= ${MOST_ROW_BYTES} THEN content END AS content
   FROM (${contents(table, columns)}) AS contents
   ORDER BY id::text COLLATE "C", content COLLATE "C"`
