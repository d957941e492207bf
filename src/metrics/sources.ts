/** What the metrics of a serving process are read from, at each scrape. */
import type { Buckets } from '../buckets.ts'
import type { EventMeasures } from '../hub/event-measures.ts'
import type { LiveApp } from '../hub/live-app.ts'
import type { RequestCounts } from './request-counts.ts'

export interface MetricsSources {
  readonly version: string
  /** In front of every name. */
  readonly prefix: string
  /** The public port. */
  readonly port: number
  /** Whether this process would take new clients. */
  readonly ready: () => boolean
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

/** The process and what it holds. */
export interface ProcessSources {
  readonly eventLoopDelay: Buckets
  readonly memoryLimitBytes: number
  /** Whether other processes have a part of it: it is the container's or the machine's. */
  readonly isMemoryShared: boolean
  /** Until the TLS certificate ends, in seconds; undefined without TLS. */
  readonly certificateSeconds: () => number | undefined
}

/** What became of an app's webhook events, and how many wait. */
export interface WebhookState {
  readonly appId: string
  readonly outcomes: Readonly<Record<string, number>>
  readonly waiting: number
}

/** The Redis servers where Laravel apps are heard, and that of the nodes. */
export interface RedisSources {
  /** Those that are listened to. */
  readonly states: () => Iterable<RedisState>
  /** What was lost of all of them, also of those that are listened to no more; undefined without any. */
  readonly lost: () => { readonly lostSeconds: number; readonly reconnects: number } | undefined
}

/** How a Redis that is listened to is doing. */
export interface RedisState {
  readonly isUp: boolean
  readonly roundTripSeconds: number | undefined
  readonly lastMessageAgeSeconds: number | undefined
}

/** A node among others. */
export interface GroupState {
  readonly isLive: boolean
  readonly nodes: number
  /** Messages between nodes, by what became of them. */
  readonly messages: Readonly<Record<string, number>>
}

/** How the table of apps is doing. */
export interface PostgresState {
  readonly isUp: boolean
  /** Undefined before the first read. */
  readonly lastReadAgeSeconds: number | undefined
  readonly refusedRows: number
}
