/**
 * Pages of rows in the order of app and name: the first ones of many, and those of several nodes as one.
 */
import type { After, Part, Row, Rows } from './question.ts'

/** What a page wants of one app. */
export interface Wanted {
  readonly most: number
  readonly after: string | undefined
}

/**
 * A page over several apps, one after the other, until it is full.
 * @param rowsOf the first of an app
 */
export async function pageOver<App extends { readonly id: string }>(
  apps: readonly App[],
  { limit, after }: { readonly limit: number; readonly after?: After | undefined },
  rowsOf: (app: App, wanted: Wanted) => Promise<readonly Row[]> | readonly Row[],
): Promise<Rows> {
  const rows: Row[] = []
  const ordered = apps.toSorted((a, b) => compare(a.id, b.id))
  for (const app of ordered) {
    if (after !== undefined && app.id < after[0]) continue
    const most = limit + 1 - rows.length // one more tells whether there are more
    if (most <= 0) break
    rows.push(...(await rowsOf(app, { most, after: app.id === after?.[0] ? after[1] : undefined })))
  }
  return { rows: rows.slice(0, limit), isCut: rows.length > limit }
}

/**
 * The answers of several as one. Rows of the same app and name are one: a channel has the subscriptions
 * of all nodes.
 */
export function together(parts: readonly Part[], limit: number): Part {
  const [only, ...others] = parts
  if (only !== undefined && others.length === 0) return only
  const refusal = parts.find((part) => 'refused' in part)
  if (refusal !== undefined) return refusal
  if (parts.some((part) => 'closed' in part)) {
    return { closed: sum(parts.map((part) => ('closed' in part ? part.closed : 0))) }
  }
  if (parts.some((part) => 'subscriptions' in part)) {
    const counts = parts.map((part) => ('subscriptions' in part ? part.subscriptions : 0))
    return { subscriptions: sum(counts) }
  }
  return oneList(
    parts.filter((part) => 'rows' in part),
    limit,
  )
}

function oneList(parts: readonly Rows[], limit: number): Rows {
  const merged: Row[] = []
  for (const row of parts.flatMap(({ rows }) => rows).sort(inOrder)) {
    const last = merged.at(-1)
    if (last !== undefined && inOrder(last, row) === 0) merged[merged.length - 1] = added(last, row)
    else merged.push(row)
  }
  // Behind the end of a list that was cut, a row may lack what that node has of it.
  const ends = parts.flatMap(({ rows, isCut }) => (isCut ? (rows.at(-1) ?? []) : []))
  const [end] = ends.sort(inOrder)
  const complete = end === undefined ? merged : merged.filter((row) => inOrder(row, end) <= 0)
  return { rows: complete.slice(0, limit), isCut: end !== undefined || complete.length > limit }
}

function added(one: Row, other: Row): Row {
  const { members } = other
  const count = one.count + other.count
  if (members === undefined) return { ...one, count }
  return { ...one, count, members: (one.members ?? 0) + members }
}

const inOrder = (a: Row, b: Row): number => compare(a.app, b.app) || compare(a.name, b.name)
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0)
