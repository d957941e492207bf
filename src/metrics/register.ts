/**
 * Where metrics are registered, under one prefix, and written as Prometheus' text.
 *
 * The only file that imports prom-client. Values are read when they are scraped: nothing is kept here.
 * Histograms are written here, since prom-client has none that can be filled.
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Buckets } from '../buckets.ts'

/** A histogram's values, of one label's value where it has a label. */
export interface Series {
  readonly label?: string
  readonly buckets: Buckets
}

export class Register {
  readonly #registry = new Registry()
  readonly #prefix: string
  readonly #histograms: (() => string)[] = []

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
    return [text, ...this.#histograms.map((write) => write())].join('\n')
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

  /** @param fill sets the values, at each scrape */
  gauge(
    name: string,
    help: string,
    labelNames: string[],
    fill: (gauge: Gauge) => void | Promise<void>,
  ): void {
    new Gauge(this.#configuration(name, help, labelNames, fill))
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
    this.#histograms.push(() => {
      const lines = [`# HELP ${metric} ${help}`, `# TYPE ${metric} histogram`]
      for (const { label, buckets } of read()) {
        const own = labelName === undefined ? [] : [`${labelName}="${label}"`]
        const labels = own.length === 0 ? '' : `{${own.join()}}`
        let count = 0
        for (const [index, inBucket] of buckets.counts.entries()) {
          count += inBucket
          const bound = buckets.bounds[index] ?? '+Inf'
          lines.push(`${metric}_bucket{${[...own, `le="${bound}"`].join()}} ${count}`)
        }
        lines.push(`${metric}_sum${labels} ${buckets.sum}`, `${metric}_count${labels} ${count}`)
      }
      return `${lines.join('\n')}\n`
    })
  }

  #configuration<Metric extends Gauge | Counter>(
    name: string,
    help: string,
    labelNames: string[],
    fill: (metric: Metric) => void | Promise<void>,
  ) {
    return {
      name: this.#prefix + name,
      help,
      labelNames,
      registers: [this.#registry],
      collect(this: Metric) {
        this.reset()
        return fill(this)
      },
    }
  }
}
