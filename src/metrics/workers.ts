/** The metrics that only the process knows that was started: how its workers are doing. */
import type { Metric } from './metric.ts'

export interface WorkerSources {
  /** How many there should be, and how many serve. */
  readonly wanted: number
  readonly serving: number
  /** Workers that ended by themselves since the start. */
  readonly ended: number
  readonly restarts: { readonly done: number; readonly failed: number }
}

export const WORKER_METRICS: readonly Metric<WorkerSources>[] = [
  {
    name: 'workers',
    type: 'gauge',
    help: 'Processes that should serve.',
    read: ({ wanted }, write) => write(wanted),
  },
  {
    name: 'workers_serving',
    type: 'gauge',
    help: 'Processes that serve, of those that should.',
    read: ({ serving }, write) => write(serving),
  },
  {
    name: 'workers_ended_total',
    type: 'counter',
    help: 'Processes that ended by themselves, or were killed.',
    read: ({ ended }, write) => write(ended),
  },
  {
    name: 'restarts_total',
    type: 'counter',
    help: 'Restarts that were asked for, by outcome: done or failed.',
    labels: ['outcome'],
    read: ({ restarts }, write) => {
      for (const [outcome, count] of Object.entries(restarts)) write(count, outcome)
    },
  },
]
