/**
 * What a metric is, for the register that writes it and for the reference that lists it; and how its
 * values become Prometheus' text, or what passes between processes.
 *
 * Values are read when they are scraped: nothing is kept here, and nothing counts on a hot path. A
 * scrape with a thousand apps writes some ten thousand lines, so that no object is made for one.
 */
import type { Buckets } from '../buckets.ts'
import type { MetricsSources } from './sources.ts'

/** What the values of several processes are together. */
export type Aggregator = 'sum' | 'first' | 'min' | 'max' | 'average' | 'omit'

/** Takes one value, and the values of its labels in the order of their names. */
export type Write = (value: number, ...labels: readonly (string | number)[]) => void

/** A histogram's values, of one label's value where it has a label. */
export interface Series {
  readonly label?: string
  readonly buckets: Buckets
}

interface Described {
  /** Without the prefix. */
  readonly name: string
  /** A sentence. */
  readonly help: string
  /** Names of labels, each with few values. */
  readonly labels?: readonly string[]
}

/** @template Sources what it is read from */
export type Metric<Sources = MetricsSources> = Described &
  (
    | {
        readonly type: 'gauge' | 'counter'
        /** `sum` when left out. */
        readonly ofWorkers?: Aggregator | ((sources: Sources) => Aggregator)
        /** Writes each series once; one that is not written is not there. */
        readonly read: (sources: Sources, write: Write) => void
      }
    | {
        readonly type: 'histogram'
        readonly read: (sources: Sources) => Iterable<Series>
      }
  )

/** One metric with all its values, as it passes between processes. */
export interface Family {
  readonly name: string
  readonly help: string
  readonly type: string
  /** How the values of several processes become one. */
  readonly aggregator: Aggregator
  readonly values: readonly Value[]
}

export interface Value {
  /** Null stands for what JSON cannot say: not a number. */
  readonly value: number | null
  readonly labels: Readonly<Record<string, string | number>>
  /** Where it is not the family's: of a histogram. */
  readonly metricName?: string
}

// hot path: some ten thousand lines a scrape (test/metrics/scrape.test.ts). What stands around the values
// is made once for a metric, and a line is one concatenation.
/** A metric as Prometheus' text. @param prefix in front of its name */
export function textOf<Sources>(metric: Metric<Sources>, sources: Sources, prefix: string): string {
  const { help, type, labels: names = [] } = metric
  const name = prefix + metric.name
  const around = names.map((label, index) => `${index === 0 ? `${name}{` : '",'}${label}="`)
  let text = headOf({ name, help, type })
  if (metric.type === 'histogram') {
    eachOfHistogram(metric, sources, (suffix, value, label, bound) => {
      const shown = [
        ...names.map((each) => `${each}="${escaped(label ?? '')}"`),
        ...(bound === undefined ? [] : [`le="${bound}"`]),
      ]
      text += `${name}${suffix}${shown.length === 0 ? '' : `{${shown.join()}}`} ${value}\n`
    })
    return text
  }
  metric.read(sources, (value, ...labels) => {
    if (around.length === 0) {
      text += `${name} ${numberText(value)}\n`
      return
    }
    let line = ''
    for (let index = 0; index < around.length; index += 1) {
      line += around[index] + escaped(labels[index] ?? '')
    }
    text += `${line}"} ${numberText(value)}\n`
  })
  return text
}

/** A metric as it passes between processes. */
export function familyOf<Sources>(
  metric: Metric<Sources>,
  sources: Sources,
  prefix: string,
): Family {
  const { help, type, labels: names = [] } = metric
  const name = prefix + metric.name
  const values: Value[] = []
  const labelled = (given: readonly (string | number)[]): Record<string, string | number> => {
    const labels: Record<string, string | number> = {}
    for (const [index, label] of names.entries()) labels[label] = given[index] ?? ''
    return labels
  }
  if (metric.type === 'histogram') {
    eachOfHistogram(metric, sources, (suffix, value, label, bound) => {
      const labels = labelled(label === undefined ? [] : [label])
      if (bound !== undefined) labels['le'] = bound
      values.push({ value, labels, metricName: name + suffix })
    })
  } else {
    metric.read(sources, (value, ...given) => {
      values.push({ value, labels: labelled(given) })
    })
  }
  return { name, help, type, aggregator: aggregatorOf(metric, sources), values }
}

function aggregatorOf<Sources>(metric: Metric<Sources>, sources: Sources): Aggregator {
  if (metric.type === 'histogram') return 'sum'
  const { ofWorkers = 'sum' } = metric
  return typeof ofWorkers === 'function' ? ofWorkers(sources) : ofWorkers
}

function eachOfHistogram<Sources>(
  metric: Metric<Sources> & { readonly type: 'histogram' },
  sources: Sources,
  each: (suffix: string, value: number, label: string | undefined, bound?: string) => void,
): void {
  for (const { label, buckets } of metric.read(sources)) {
    let count = 0
    for (const [index, inBucket] of buckets.counts.entries()) {
      count += inBucket
      each('_bucket', count, label, String(buckets.bounds[index] ?? '+Inf'))
    }
    each('_sum', buckets.sum, label)
    each('_count', count, label)
  }
}

/** What stands before a metric's values. */
export function headOf({ name, help, type }: Pick<Family, 'name' | 'help' | 'type'>): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
}

/** A label's value, as it stands in quotes. */
export function escaped(value: string | number): string {
  const text = String(value)
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (code === BACKSLASH || code === QUOTE || code === NEWLINE) {
      return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
    }
  }
  return text
}

const [BACKSLASH, QUOTE, NEWLINE] = [0x5c, 0x22, 0x0a]

/** A number as Prometheus reads it. */
export function numberText(value: number | null): string {
  if (value === null) return 'NaN'
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value)
}
