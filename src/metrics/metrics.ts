/**
 * Every metric there is, in Prometheus' text format. Nothing is labelled by channel, user or socket.
 *
 * hot path: none. Gauges and counters are read from what is there when they are scraped; the rooms
 * that count do so in plain numbers (`hub/tally.ts`).
 */
import type { EventMeasures } from '../hub/event-measures.ts'
import type { LiveApp } from '../hub/live-app.ts'
import { defineGroupMetrics, type GroupState } from './group.ts'
import { definePostgresMetrics, type PostgresState } from './postgres.ts'
import { defineProcessMetrics, type ProcessSources } from './process.ts'
import { defineRedisMetrics, type RedisSources } from './redis.ts'
import { type Family, Register } from './register.ts'
import type { RequestCounts } from './request-counts.ts'
import { defineSoketiMetrics } from './soketi.ts'

/** Ours. Under any other, the metrics go by soketi's names as well. */
const OWN_PREFIX = 'resound_'

/** Milliseconds between samples of the event loop; soketi's 10 wake an idle process 100 times a second. */
const LOOP = { own: 100, soketi: 10 }

/** What became of an app's webhook events, and how many wait. */
export interface WebhookState {
  readonly appId: string
  readonly outcomes: Readonly<Record<string, number>>
  readonly waiting: number
}

export interface MetricsSources {
  readonly version: string
  /** In front of every name. */
  readonly prefix: string
  /** The public port. */
  readonly port: number
  readonly lives: () => Iterable<LiveApp>
  /** Connections that could not stay, by the code they were told. */
  readonly rejected: ReadonlyMap<string, number>
  /** Connections that wait to be established, or to be sent back. */
  readonly held: () => number
  readonly measures: EventMeasures
  readonly process: ProcessSources
  readonly requests: RequestCounts
  readonly redis: RedisSources
  /** Undefined for a node by itself. */
  readonly group: () => GroupState | undefined
  readonly webhooks: () => Iterable<WebhookState>
  /** Requests that the authorisation bridge has under way. */
  readonly bridge: () => Iterable<{ readonly appId: string; readonly count: number }>
  /** How many apps are served, by where they come from. */
  readonly apps: () => Readonly<Record<string, number>>
  /** Undefined where no table is configured. */
  readonly postgres: () => PostgresState | undefined
}

export class Metrics {
  readonly #register: Register
  readonly #sources: MetricsSources

  constructor(sources: MetricsSources) {
    const { version, prefix, port, lives } = sources
    this.#sources = sources
    this.#register = new Register(prefix)
    if (prefix === OWN_PREFIX) {
      this.#register.watchProcess({}, LOOP.own)
    } else {
      this.#register.watchProcess({ port: String(port) }, LOOP.soketi)
      defineSoketiMetrics(this.#register, String(port), lives)
    }
    this.#register.gauge(
      'build_info',
      'Version of Resound and Node.js; always 1.',
      ['version', 'node'],
      (gauge) => gauge.set({ version, node: process.versions.node }, 1),
      'first',
    )
    defineProcessMetrics(this.#register, sources.process)
    this.#defineConnections()
    this.#defineEvents()
    this.#defineHttp()
    defineRedisMetrics(this.#register, sources.redis)
    defineGroupMetrics(this.#register, sources.group)
    this.#defineWebhooks()
    this.#defineBridge()
    this.#defineApps()
    definePostgresMetrics(this.#register, sources.postgres)
  }

  get contentType(): string {
    return this.#register.contentType
  }

  /** All metrics as text. */
  text(): Promise<string> {
    return this.#register.text()
  }

  /** All metrics, to be merged with those of other processes. */
  families(): Promise<readonly Family[]> {
    return this.#register.families()
  }

  #defineConnections(): void {
    this.#register.gauge('connections', 'Open connections.', ['app'], (gauge) => {
      for (const { app, connections } of this.#sources.lives()) {
        gauge.set({ app: app.id }, connections.size)
      }
    })
    this.#register.gauge(
      'connections_held',
      'Connections that are not established yet, since too many came at once.',
      [],
      (gauge) => gauge.set(this.#sources.held()),
    )
    this.#perApp('connections_opened_total', 'Connections opened.', 'opened')
    this.#perLabel('connections_closed_total', 'Connections closed.', 'code', 'closed')
    this.#register.counter(
      'connections_refused_total',
      'Connections refused at the handshake.',
      ['code'],
      (counter) => {
        for (const [code, count] of this.#sources.rejected) counter.inc({ code }, count)
      },
    )
    this.#perApp(
      'slow_consumers_closed_total',
      'Connections closed because they read too slowly.',
      'slowConsumers',
    )
    this.#register.gauge('subscriptions', 'Subscriptions.', ['app', 'kind'], (gauge) => {
      for (const { app, channels } of this.#sources.lives()) {
        for (const { kind, count } of channels.values()) {
          if (!kind.hidden) gauge.inc({ app: app.id, kind: kind.name }, count)
        }
      }
    })
    this.#perLabel(
      'subscribe_refused_total',
      'Subscriptions refused.',
      'reason',
      'subscribeRefused',
    )
    this.#perLabel('signin_refused_total', 'Sign-ins refused.', 'reason', 'signInRefused')
    this.#perApp('messages_malformed_total', 'Messages that were not understood.', 'malformed')
    this.#register.gauge(
      'presence_members',
      'Users in presence channels on this node, once per channel.',
      ['app'],
      (gauge) => {
        for (const { app, channels } of this.#sources.lives()) {
          for (const { presence } of channels.values()) {
            gauge.inc({ app: app.id }, presence?.members.count ?? 0)
          }
        }
      },
    )
  }

  #defineEvents(): void {
    this.#register.counter(
      'events_received_total',
      'Events received, by source.',
      ['app', 'source'],
      (counter) => {
        for (const { app, tally } of this.#sources.lives()) {
          for (const [source, count] of Object.entries(tally.received)) {
            counter.inc({ app: app.id, source }, count)
          }
        }
      },
    )
    this.#perApp('events_delivered_total', 'Events delivered, once per connection.', 'delivered')
    const { bytes, seconds } = this.#sources.measures
    this.#register.histogram('event_bytes', "Bytes in events' data.", () => [{ buckets: bytes }])
    this.#register.histogram(
      'delivery_seconds',
      'Time from receiving an event to writing it; of Redis and clients, one in 16 is timed.',
      () => [{ buckets: seconds }],
    )
    this.#perApp('events_unheard_total', 'Events to a channel without subscribers.', 'unheard')
    this.#perLabel(
      'client_events_refused_total',
      'Client events refused.',
      'reason',
      'clientEventRefused',
    )
    this.#perLabel(
      'redis_ignored_total',
      "Messages of Laravel's redis driver that were ignored.",
      'reason',
      'redisIgnored',
    )
  }

  #defineHttp(): void {
    this.#register.counter(
      'http_requests_total',
      'HTTP API requests.',
      ['route', 'status'],
      (counter) => {
        for (const { route, status, count } of this.#sources.requests) {
          counter.inc({ route, status }, count)
        }
      },
    )
    this.#register.histogram(
      'http_request_seconds',
      'Time from receiving a request to its answer.',
      () => this.#sources.requests.times(),
      'route',
    )
  }

  #defineWebhooks(): void {
    this.#register.counter(
      'webhooks_total',
      'Webhook events by what became of them, once per webhook.',
      ['app', 'outcome'],
      (counter) => {
        for (const { appId, outcomes } of this.#sources.webhooks()) {
          for (const [outcome, count] of Object.entries(outcomes)) {
            counter.inc({ app: appId, outcome }, count)
          }
        }
      },
    )
    this.#register.gauge('webhooks_queued', 'Webhook events that wait.', ['app'], (gauge) => {
      for (const { appId, waiting } of this.#sources.webhooks()) gauge.set({ app: appId }, waiting)
    })
  }

  #defineBridge(): void {
    this.#perLabel(
      'bridge_requests_total',
      'Requests to the authorisation bridge, by what became of them.',
      'outcome',
      'bridge',
    )
    this.#register.gauge(
      'bridge_requests_in_flight',
      'Requests of the authorisation bridge that Laravel is answering.',
      ['app'],
      (gauge) => {
        for (const { appId, count } of this.#sources.bridge()) gauge.set({ app: appId }, count)
      },
    )
  }

  #defineApps(): void {
    this.#register.gauge(
      'apps',
      'Apps that are served.',
      ['source'],
      (gauge) => {
        for (const [source, count] of Object.entries(this.#sources.apps())) {
          gauge.set({ source }, count)
        }
      },
      'max',
    )
  }

  /** A counter of what an app's tally counts in one number. */
  #perApp(
    name: string,
    help: string,
    field: 'opened' | 'slowConsumers' | 'malformed' | 'delivered' | 'unheard',
  ): void {
    this.#register.counter(name, help, ['app'], (counter) => {
      for (const { app, tally } of this.#sources.lives()) counter.inc({ app: app.id }, tally[field])
    })
  }

  /** A counter of what an app's tally counts by a label. */
  #perLabel(
    name: string,
    help: string,
    label: string,
    field:
      | 'closed'
      | 'subscribeRefused'
      | 'signInRefused'
      | 'clientEventRefused'
      | 'redisIgnored'
      | 'bridge',
  ): void {
    this.#register.counter(name, help, ['app', label], (counter) => {
      for (const { app, tally } of this.#sources.lives()) {
        for (const [value, count] of tally[field]) {
          counter.inc({ app: app.id, [label]: value }, count)
        }
      }
    })
  }
}
