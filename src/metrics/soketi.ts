/**
 * The metrics that soketi's dashboards read, by its names, types and labels (soketi 1.6,
 * metrics/prometheus-metrics-driver.ts). What passes between soketi's nodes has no counterpart here.
 */
import type { LiveApp } from '../hub/live-app.ts'
import type { Tally } from '../hub/tally.ts'
import type { Register } from './register.ts'

const LABELS = ['app_id', 'port']

/** @param port the public one, as soketi labels everything with it */
export function defineSoketiMetrics(
  register: Register,
  port: string,
  lives: () => Iterable<LiveApp>,
): void {
  register.gauge('connected', 'Open connections.', LABELS, (gauge) => {
    for (const { app, connections } of lives()) {
      gauge.set({ app_id: app.id, port }, connections.size)
    }
  })
  const counter = (name: string, help: string, read: (tally: Tally) => number): void =>
    register.counter(name, help, LABELS, (counter) => {
      for (const { app, tally } of lives()) counter.inc({ app_id: app.id, port }, read(tally))
    })
  counter('new_connections_total', 'Connections opened.', ({ opened }) => opened)
  counter('new_disconnections_total', 'Connections closed.', ({ closed }) =>
    [...closed.values()].reduce((sum, count) => sum + count, 0),
  )
  counter('socket_received_bytes', 'Bytes in messages from clients.', (t) => t.bytesReceived)
  counter('socket_transmitted_bytes', 'Bytes in messages to clients.', (t) => t.bytesSent)
  counter('ws_messages_received_total', 'Messages from clients.', (t) => t.messagesReceived)
  counter('ws_messages_sent_total', 'Messages to clients.', (t) => t.messagesSent)
  counter('http_received_bytes', 'Bytes in API requests.', (t) => t.requestBytes)
  counter('http_transmitted_bytes', 'Bytes in answers to API requests.', (t) => t.answerBytes)
  counter('http_calls_received_total', 'Signed API requests.', (t) => t.requests)
}
