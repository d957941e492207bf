/**
 * The metrics that soketi's dashboards read, by its names, types and labels (soketi 1.6,
 * metrics/prometheus-metrics-driver.ts). What passes between soketi's nodes has no counterpart here.
 */
import type { Tally } from '../hub/tally.ts'
import type { Metric } from './metric.ts'

const LABELS = ['app_id', 'port']

/** soketi labels everything with the public port. */
export const SOKETI_METRICS: readonly Metric[] = [
  {
    name: 'connected',
    type: 'gauge',
    help: 'Open connections.',
    labels: LABELS,
    read: ({ lives, port }, write) => {
      for (const { app, connections } of lives()) write(connections.size, app.id, port)
    },
  },
  counter('new_connections_total', 'Connections opened.', ({ opened }) => opened),
  counter('new_disconnections_total', 'Connections closed.', ({ closed }) =>
    [...closed.values()].reduce((sum, count) => sum + count, 0),
  ),
  counter('socket_received_bytes', 'Bytes in messages from clients.', (t) => t.bytesReceived),
  counter('socket_transmitted_bytes', 'Bytes in messages to clients.', (t) => t.bytesSent),
  counter('ws_messages_received_total', 'Messages from clients.', (t) => t.messagesReceived),
  counter('ws_messages_sent_total', 'Messages to clients.', (t) => t.messagesSent),
  counter('http_received_bytes', 'Bytes in API requests.', (t) => t.requestBytes),
  counter('http_transmitted_bytes', 'Bytes in answers to API requests.', (t) => t.answerBytes),
  counter('http_calls_received_total', 'Signed API requests.', (t) => t.requests),
]

function counter(name: string, help: string, count: (tally: Tally) => number): Metric {
  return {
    name,
    type: 'counter',
    help,
    labels: LABELS,
    read: ({ lives, port }, write) => {
      for (const { app, tally } of lives()) write(count(tally), app.id, port)
    },
  }
}
