/**
 * Where metrics are registered, under one prefix, and written as Prometheus' text.
 *
 * The only file that imports prom-client. Values are read when they are scraped: nothing is kept here.
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'

export class Register {
  readonly #registry = new Registry()
  readonly #prefix: string

  /** @param prefix in front of every name */
  constructor(prefix: string) {
    this.#prefix = prefix
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** All metrics as text. */
  text(): Promise<string> {
    return this.#registry.metrics()
  }

  /** Node.js and its process, as prom-client watches them. @param labels of every one of these */
  watchProcess(labels: Readonly<Record<string, string>>): void {
    collectDefaultMetrics({
      register: this.#registry,
      prefix: this.#prefix,
      labels,
      // Milliseconds between samples of the event loop's delay; the default wakes an idle process 100 times a second.
      eventLoopMonitoringPrecision: 100,
    })
  }

  /** @param fill sets the values, at each scrape */
  gauge(name: string, help: string, labelNames: string[], fill: (gauge: Gauge) => void): void {
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

  #configuration<Metric extends Gauge | Counter>(
    name: string,
    help: string,
    labelNames: string[],
    fill: (metric: Metric) => void,
  ) {
    return {
      name: this.#prefix + name,
      help,
      labelNames,
      registers: [this.#registry],
      collect(this: Metric) {
        this.reset()
        fill(this)
      },
    }
  }
}
