/**
 * All metrics of a process, under one prefix: ours, and those of Node.js as prom-client watches them.
 *
 * The only file that imports prom-client.
 */
import { collectDefaultMetrics, Registry } from 'prom-client'
import { openFiles } from '../open-files.ts'
import { type Family, familyOf, type Metric, textOf } from './metric.ts'

export const { contentType: CONTENT_TYPE } = new Registry()

interface Written {
  readonly text: () => string
  readonly family: () => Family
}

export class Register {
  readonly contentType = CONTENT_TYPE
  readonly #registry = new Registry()
  readonly #prefix: string
  readonly #written: Written[] = []

  /** @param prefix in front of every name */
  constructor(prefix: string) {
    this.#prefix = prefix
  }

  /** All metrics as text. */
  async text(): Promise<string> {
    const ofNode = await this.#registry.metrics()
    return [...this.#written.map(({ text }) => text()), ofNode].join('\n')
  }

  /** All metrics, to be merged with those of other processes. */
  async families(): Promise<readonly Family[]> {
    const ofNode = (await this.#registry.getMetricsAsJSON()) as unknown as readonly Family[]
    const startTime = `${this.#prefix}process_start_time_seconds`
    return [
      ...this.#written.map(({ family }) => family()),
      ...ofNode.map(
        (family): Family =>
          // prom-client leaves it out; the youngest tells of restarts.
          family.name === startTime ? { ...family, aggregator: 'max' } : family,
      ),
    ]
  }

  add<Sources>(metrics: readonly Metric<Sources>[], sources: Sources): void {
    for (const metric of metrics) {
      this.#written.push({
        text: () => textOf(metric, sources, this.#prefix),
        family: () => familyOf(metric, sources, this.#prefix),
      })
    }
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
    // It would list the directory at each scrape: milliseconds, where connections are many.
    this.#registry.removeSingleMetric(`${this.#prefix}${OPEN_FILES.name}`)
    const values = Object.values(labels)
    this.add([{ ...OPEN_FILES, labels: Object.keys(labels) }], values)
  }

  /** Name, type and meaning of what `watchProcess` adds, without the prefix. */
  static ofNode(): readonly { name: string; type: string; help: string }[] {
    const register = new Registry()
    collectDefaultMetrics({ register })
    return register.getMetricsAsArray().map((metric) => {
      const { name, type, help } = metric as unknown as { name: string; type: string; help: string }
      return { name, type, help }
    })
  }
}

const OPEN_FILES: Metric<readonly string[]> & { readonly type: 'gauge' } = {
  name: 'process_open_fds',
  type: 'gauge',
  help: 'Number of open file descriptors.',
  read: (labels, write) => {
    const open = openFiles()
    if (open !== undefined) write(open, ...labels)
  },
}
