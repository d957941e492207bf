/**
 * Where metrics are registered, under one prefix, and written as Prometheus' text.
 *
 * The only file that imports prom-client. Values are read when they are scraped: nothing is kept here.
 * Histograms are written here, since prom-client has none that can be filled.
 */
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Buckets } from '../buckets.ts'

/** A histogram's values, of one label's value where it has a label. */
export interface Series {
  readonly label?: string
  readonly buckets: Buckets
}

/** One metric with all its values, as it passes between processes. */
export interface Family {
  readonly name: string
  readonly help: string
  readonly type: string
  /** How the values of several processes become one. */
  readonly aggregator: Aggregator
  readonly values: readonly Value[]
}

interface Value {
  readonly value: number
  readonly labels: Readonly<Record<string, string | number>>
  /** Where it is not the family's: of a histogram. */
  readonly metricName?: string
}

export type Aggregator = 'sum' | 'first' | 'min' | 'max' | 'average' | 'omit'

export const { contentType: CONTENT_TYPE } = new Registry()

/** The metrics of several processes as those of one. */
export function merged(processes: readonly (readonly Family[])[]): Promise<string> {
  return aggregated(processes).metrics()
}

/** Of several processes, what only ever grows: to be added to those that take their place. */
export async function totals(
  processes: readonly (readonly Family[])[],
): Promise<readonly Family[]> {
  return asFamilies(await aggregated(processes.map(growing)).getMetricsAsJSON())
}

/** What only ever grows. */
export function growing(families: readonly Family[]): readonly Family[] {
  return families.filter(({ type, aggregator }) => type !== 'gauge' && aggregator === 'sum')
}

function aggregated(processes: readonly (readonly Family[])[]): Registry {
  return AggregatorRegistry.aggregate(
    // Its declarations ask for more than it reads.
    processes.map((families) => [...families]) as unknown as object[],
  )
}

const asFamilies = (metrics: unknown): readonly Family[] => metrics as readonly Family[]

export class Register {
  readonly #registry = new Registry()
  readonly #prefix: string
  readonly #histograms: (() => Family)[] = []

  /** @param prefix in front of every name */
  constructor(prefix: string) {
    this.#prefix = prefix
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** All metrics as text. */
  async text(): Promise<string> {
    const text = await this.#registry.metrics()
    return [text, ...this.#histograms.map((read) => textOf(read()))].join('\n')
  }

  /** All metrics, to be merged with those of other processes. */
  async families(): Promise<readonly Family[]> {
    const families = asFamilies(await this.#registry.getMetricsAsJSON())
    const startTime = `${this.#prefix}process_start_time_seconds`
    return [
      ...families.map(
        (family): Family =>
          // prom-client leaves it out; the youngest tells of restarts.
          family.name === startTime ? { ...family, aggregator: 'max' } : family,
      ),
      ...this.#histograms.map((read) => read()),
    ]
  }

  /**
   * Node.js and its process, as prom-client watches them.
   *
   * @param labels of every one of these
   * @param loopMilliseconds between samples of the event loop, which its lag is never below
   */
  watchProcess(labels: Readonly<Record<string, string>>, loopMilliseconds: number): void {
    collectDefaultMetrics({
      register: this.#registry,
      prefix: this.#prefix,
      labels,
      eventLoopMonitoringPrecision: loopMilliseconds,
    })
  }

  /**
   * @param fill sets the values, at each scrape
   * @param aggregator what the values of several processes are together
   */
  gauge(
    name: string,
    help: string,
    labelNames: string[],
    fill: (gauge: Gauge) => void | Promise<void>,
    aggregator: Aggregator = 'sum',
  ): void {
    new Gauge(this.#configuration(name, help, labelNames, fill, aggregator))
  }

  /** @param fill adds the counts so far, at each scrape */
  counter(
    name: string,
    help: string,
    labelNames: string[],
    fill: (counter: Counter) => void,
  ): void {
    new Counter(this.#configuration(name, help, labelNames, fill))
  }

  /** @param read gives the series, at each scrape: one, or one for each value of `labelName` */
  histogram(name: string, help: string, read: () => Iterable<Series>, labelName?: string): void {
    const metric = this.#prefix + name
    this.#histograms.push(() => ({
      name: metric,
      help,
      type: 'histogram',
      aggregator: 'sum',
      values: [...read()].flatMap((series) => valuesOf(metric, series, labelName)),
    }))
  }

  #configuration<Metric extends Gauge | Counter>(
    name: string,
    help: string,
    labelNames: string[],
    fill: (metric: Metric) => void | Promise<void>,
    aggregator: Aggregator = 'sum',
  ) {
    return {
      name: this.#prefix + name,
      help,
      labelNames,
      aggregator,
      registers: [this.#registry],
      collect(this: Metric) {
        this.reset()
        return fill(this)
      },
    }
  }
}

function valuesOf(metric: string, { label, buckets }: Series, labelName?: string): Value[] {
  const labels: Record<string, string> = {}
  if (labelName !== undefined && label !== undefined) labels[labelName] = label
  const values: Value[] = []
  let count = 0
  for (const [index, inBucket] of buckets.counts.entries()) {
    count += inBucket
    const le = String(buckets.bounds[index] ?? '+Inf')
    values.push({ metricName: `${metric}_bucket`, labels: { ...labels, le }, value: count })
  }
  values.push({ metricName: `${metric}_sum`, labels, value: buckets.sum })
  values.push({ metricName: `${metric}_count`, labels, value: count })
  return values
}

function textOf({ name, help, type, values }: Family): string {
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`]
  for (const { metricName = name, labels, value } of values) {
    const shown = Object.entries(labels).map(([label, of]) => `${label}="${of}"`)
    lines.push(`${metricName}${shown.length === 0 ? '' : `{${shown.join()}}`} ${value}`)
  }
  return `${lines.join('\n')}\n`
}
