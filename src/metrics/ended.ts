/**
 * What a process that is gone has counted, as it is kept: with its connections closed.
 *
 * One that was killed cannot say so itself, and a server whose connections opened are more than those
 * closed and those there are would show a leak for ever.
 */
import type { Family, Value } from './metric.ts'

/** A gauge of connections and the counter of those closed, without their prefix. */
interface Pair {
  readonly open: string
  readonly closed: string
  /** Labels of a connection that broke. */
  readonly broken: Readonly<Record<string, string>>
}

const PAIRS: readonly Pair[] = [
  { open: 'connections', closed: 'connections_closed_total', broken: { code: '1006' } },
  { open: 'connected', closed: 'new_disconnections_total', broken: {} }, // as soketi calls them
]

/** The metrics of a process at its end, of which it may not have known. */
export function withAllClosed(families: readonly Family[]): readonly Family[] {
  const lost = new Map<string, readonly Value[]>()
  for (const { name, values } of families) {
    const pair = PAIRS.find(({ open }) => name.endsWith(`_${open}`))
    if (pair === undefined) continue
    const closed = name.slice(0, -pair.open.length) + pair.closed
    lost.set(
      closed,
      values.map(({ value, labels }) => ({ value, labels: { ...labels, ...pair.broken } })),
    )
  }
  return families.map((family) => {
    const values = lost.get(family.name)
    return values === undefined ? family : { ...family, values: [...family.values, ...values] }
  })
}
