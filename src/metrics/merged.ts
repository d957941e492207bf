/**
 * The metrics of several processes as those of one.
 */
import { escaped, type Family, headOf, numberText, type Value } from './metric.ts'

/** The metrics of several processes as text. */
export function merged(processes: readonly (readonly Family[])[]): string {
  return together(processes).map(textOf).join('\n')
}

/** Of several processes, what only ever grows: to be added to those that take their place. */
export function totals(processes: readonly (readonly Family[])[]): readonly Family[] {
  return together(processes.map(growing))
}

/** What only ever grows. */
export function growing(families: readonly Family[]): readonly Family[] {
  return families.filter(({ type, aggregator }) => type !== 'gauge' && aggregator === 'sum')
}

function together(processes: readonly (readonly Family[])[]): readonly Family[] {
  const byName = new Map<string, Family[]>()
  for (const families of processes) {
    for (const family of families) {
      const same = byName.get(family.name)
      if (same === undefined) byName.set(family.name, [family])
      else same.push(family)
    }
  }
  return [...byName.values()].flatMap(asOne)
}

interface Sum {
  readonly first: Value
  value: number
  count: number
}

/** One metric of several processes; of another release it may be of another kind, and the first one's counts. */
function asOne(families: readonly Family[]): Family[] {
  const [first] = families
  if (first === undefined || first.aggregator === 'omit') return []
  const sums = new Map<string, Sum>()
  for (const { values } of families) {
    for (const each of values) {
      const key = seriesOf(first.name, each)
      const value = each.value ?? Number.NaN
      const sum = sums.get(key)
      if (sum === undefined)
        sums.set(key, { first: each, value, count: Number.isNaN(value) ? 0 : 1 })
      else {
        sum.value = COMBINED[first.aggregator](sum.value, value)
        if (!Number.isNaN(value)) sum.count += 1
      }
    }
  }
  const values: Value[] = []
  for (const { first: one, value, count } of sums.values()) {
    values.push({ ...one, value: first.aggregator === 'average' ? value / count : value })
  }
  return [{ ...first, values }]
}

/** What is not a number is nothing beside one that is. */
const beside =
  (combine: (a: number, b: number) => number) =>
  (a: number, b: number): number => {
    if (Number.isNaN(a)) return b
    return Number.isNaN(b) ? a : combine(a, b)
  }

const add = beside((a, b) => a + b)

const COMBINED: Readonly<Record<Family['aggregator'], (a: number, b: number) => number>> = {
  sum: add,
  average: add,
  min: beside(Math.min),
  max: beside(Math.max),
  first: (a) => a,
  omit: (a) => a,
}

/** Name and labels as they are written: what is the same there is one series. */
function seriesOf(name: string, { metricName = name, labels }: Value): string {
  const names = Object.keys(labels)
  if (names.length === 0) return metricName
  // Another release may name them in another order.
  if (names.length > 1) names.sort()
  const shown = names.map((label) => `${label}="${escaped(labels[label] ?? '')}"`)
  return `${metricName}{${shown.join()}}`
}

function textOf(family: Family): string {
  let text = headOf(family)
  for (const each of family.values) {
    text += `${seriesOf(family.name, each)} ${numberText(each.value)}\n`
  }
  return text
}
