/**
 * A row of the table of apps: soketi's columns, and those that only we have.
 */
import { refusedValue, unknownKey } from '../config/problem.ts'
import { AppConfig } from '../config/schema/app.ts'
import { valueAt } from '../config/tree.ts'
import { json, truth } from './column.ts'
import { fromSoketi, type Lost, SOKETI_COLUMNS, soketiColumn } from './soketi-app.ts'

/** A row by its columns. */
export type Row = Readonly<Record<string, unknown>>

export type RowReading =
  | { readonly valid: true; readonly app: AppConfig; readonly lost: readonly Lost[] }
  | {
      readonly valid: false
      /** Whether the row says so, whatever else is wrong with it. */
      readonly isDisabled: boolean
      /** A line each; no secret is in it. */
      readonly problems: readonly string[]
    }

const asItIs = (value: unknown): unknown => value

/** Columns that soketi does not have; a table may do without any of them. */
const OWN: readonly { column: string; option: string; read: (value: unknown) => unknown }[] = [
  { column: 'previous_secret', option: 'previousSecret', read: asItIs },
  { column: 'name', option: 'name', read: asItIs },
  { column: 'allowed_origins', option: 'allowedOrigins', read: json },
  { column: 'subscription_count', option: 'subscriptionCount', read: truth },
  { column: 'terminate_presence_members', option: 'terminatePresenceMembers', read: truth },
  { column: 'laravel', option: 'laravel', read: json },
]
const LIMITS = 'limits'

/** The columns that are read, where the table has them. */
export const COLUMNS: readonly string[] = [
  ...SOKETI_COLUMNS,
  ...OWN.map(({ column }) => column),
  LIMITS,
]

/** The columns that no table can do without. */
export const REQUIRED_COLUMNS: readonly string[] = ['id', 'key', 'secret']

/** What a row says; never throws. */
export function readRow(row: Row): RowReading {
  const { app, lost } = fromSoketi(row)
  const input: Record<string, unknown> = { ...app }
  for (const { column, option, read } of OWN) {
    const value = row[column]
    if (value !== null && value !== undefined) input[option] = read(value)
  }
  const limits = json(row[LIMITS])
  if (isObject(limits)) input[LIMITS] = { ...(isObject(app[LIMITS]) ? app[LIMITS] : {}), ...limits }
  else if (limits !== null && limits !== undefined) input[LIMITS] = limits

  const parsed = AppConfig.safeParse(input)
  if (parsed.success) return { valid: true, app: parsed.data, lost }
  const problems = parsed.error.issues.flatMap(({ path, ...issue }) => {
    const keys = path.filter((key) => typeof key !== 'symbol')
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => told(unknownKey([...PLACE, ...keys], key), [...keys, key]))
    }
    return [told(refusedValue([...PLACE, ...keys], valueAt(input, keys) ?? null), keys)]
  })
  return {
    valid: false,
    isDisabled: input['enabled'] === false,
    problems: [...new Set(problems)],
  }
}

/** Where the configuration would have the app. */
const PLACE = ['apps', 0] as const

/** The configuration's words for it, with the column that it comes from. */
function told(message: string, keys: readonly (string | number)[]): string {
  const column =
    OWN.find(({ option }) => option === keys[0])?.column ?? soketiColumn(keys) ?? String(keys[0])
  return `column ${column}: ${message.replace(/^apps\[0\]\./, '')}`
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
