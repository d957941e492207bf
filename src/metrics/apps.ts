/** The metrics that apps have, of what their tallies count; and how many apps there are. */
import type { Tally } from '../hub/tally.ts'
import type { Metric } from './metric.ts'

export const APP_METRICS: readonly Metric[] = [
  {
    name: 'apps',
    type: 'gauge',
    help: 'Apps that are served, by where they come from.',
    labels: ['source'],
    ofWorkers: 'max',
    read: ({ apps }, write) => {
      for (const [source, count] of Object.entries(apps())) write(count, source)
    },
  },
]

/** A counter of what an app's tally counts in one number. */
export function perApp(name: string, help: string, count: (tally: Tally) => number): Metric {
  return {
    name,
    type: 'counter',
    help,
    labels: ['app'],
    read: ({ lives }, write) => {
      for (const { app, tally } of lives()) write(count(tally), app.id)
    },
  }
}

/** A counter of what an app's tally counts by a label. */
export function perLabel(
  name: string,
  help: string,
  label: string,
  counts: (tally: Tally) => ReadonlyMap<string, number>,
): Metric {
  return {
    name,
    type: 'counter',
    help,
    labels: ['app', label],
    read: ({ lives }, write) => {
      for (const { app, tally } of lives()) {
        for (const [value, count] of counts(tally)) write(count, app.id, value)
      }
    },
  }
}
