/** The metrics of HTTP: what applications ask here, and what is asked of them. */
import { perLabel } from './apps.ts'
import type { Metric } from './metric.ts'

/** The HTTP API. */
export const API_METRICS: readonly Metric[] = [
  {
    name: 'http_requests_total',
    type: 'counter',
    help: 'HTTP API requests, by route and status.',
    labels: ['route', 'status'],
    read: ({ requests }, write) => {
      for (const { route, status, count } of requests) write(count, route, status)
    },
  },
  {
    name: 'http_request_seconds',
    type: 'histogram',
    help: 'Time from receiving a request to its answer.',
    labels: ['route'],
    read: ({ requests }) => requests.times(),
  },
]

export const WEBHOOK_METRICS: readonly Metric[] = [
  {
    name: 'webhooks_total',
    type: 'counter',
    help: 'Webhook events by what became of them, once per webhook.',
    labels: ['app', 'outcome'],
    read: ({ webhooks }, write) => {
      for (const { appId, outcomes } of webhooks()) {
        for (const [outcome, count] of Object.entries(outcomes)) write(count, appId, outcome)
      }
    },
  },
  {
    name: 'webhooks_queued',
    type: 'gauge',
    help: 'Webhook events that wait; in Redis, those of all nodes.',
    labels: ['app'],
    ofWorkers: 'max', // more than one have a Redis, where they wait together
    read: ({ webhooks }, write) => {
      for (const { appId, waiting } of webhooks()) write(waiting, appId)
    },
  },
]

export const BRIDGE_METRICS: readonly Metric[] = [
  perLabel(
    'bridge_requests_total',
    'Requests to the authorisation bridge, by what became of them.',
    'outcome',
    ({ bridge }) => bridge,
  ),
  {
    name: 'bridge_requests_in_flight',
    type: 'gauge',
    help: 'Requests of the authorisation bridge that Laravel is answering.',
    labels: ['app'],
    read: ({ bridge }, write) => {
      for (const { appId, count } of bridge()) write(count, appId)
    },
  },
]
