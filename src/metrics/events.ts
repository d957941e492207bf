/** The metrics of events: where they come from, whom they reach, and how long that takes. */
import type { EventSource } from '../hub/tally.ts'
import { perApp, perLabel } from './apps.ts'
import type { Metric } from './metric.ts'

const SOURCES: readonly EventSource[] = ['http', 'redis', 'client']

export const EVENT_METRICS: readonly Metric[] = [
  {
    name: 'events_received_total',
    type: 'counter',
    help: 'Events received, by source: http, redis or client.',
    labels: ['app', 'source'],
    read: ({ lives }, write) => {
      for (const { app, tally } of lives()) {
        for (const source of SOURCES) write(tally.received[source], app.id, source)
      }
    },
  },
  perApp(
    'events_delivered_total',
    'Events delivered, once per connection.',
    ({ delivered }) => delivered,
  ),
  {
    name: 'event_bytes',
    type: 'histogram',
    help: "Bytes in events' data.",
    read: ({ measures: { bytes } }) => [{ buckets: bytes }],
  },
  {
    name: 'delivery_seconds',
    type: 'histogram',
    help: 'Time from receiving an event to writing it; of Redis and clients, one in 16 is timed.',
    read: ({ measures: { seconds } }) => [{ buckets: seconds }],
  },
  perApp(
    'events_unheard_total',
    'Events to a channel without subscribers.',
    ({ unheard }) => unheard,
  ),
  perLabel(
    'client_events_refused_total',
    'Client events refused, by reason.',
    'reason',
    ({ clientEventRefused }) => clientEventRefused,
  ),
  perLabel(
    'redis_ignored_total',
    "Messages of Laravel's redis driver that were ignored, by reason.",
    'reason',
    ({ redisIgnored }) => redisIgnored,
  ),
]
