/**
 * A worker: a process that serves clients, as the group that it belongs to sees it.
 *
 * There are two: the process that was started itself, and a child of it. The group asks both the same.
 */
import type { FailedWebhooks } from '../admin/webhook-failures.ts'
import type { ShardOverview } from '../broker/node-shard.ts'
import type { CanaryResult } from '../health/canary.ts'
import type { Readiness } from '../http-api/health.ts'
import type { Answering } from '../live/question.ts'
import type { Family } from '../metrics/metric.ts'
import type { ProcessStatus } from '../status.ts'
import type { Watch } from '../tail/watch.ts'

/** How a process ended: its exit code, or the signal that killed it. */
export interface Ending {
  readonly code: number | null
  readonly signal: string | null
}

/** What became of a configuration that was read again. */
export type Reloading =
  | {
      readonly valid: true
      /** As it was read, for the other workers. */
      readonly config: unknown
      /** Options that differ and take effect with a restart. */
      readonly restart: readonly string[]
      /** Options that differ and belong to the process that was started: stop and start it. */
      readonly start: readonly string[]
    }
  | { readonly valid: false; readonly problems: readonly string[] }

/** The nodes as one of them sees them. */
export interface NodesSeen {
  readonly node: string
  /** Whether Redis has all that this node holds, and it hears the others. */
  readonly isLive: boolean
  readonly shards: readonly ShardOverview[]
}

export interface Worker {
  readonly pid: number
  /** Whether it would take new clients by itself, as last heard. */
  readonly readiness: Readiness
  /** Whether it did not answer in time when it was last asked how it is. */
  readonly isSilent: boolean
  readonly webhooks: FailedWebhooks
  readonly live: Answering
  /** Resolves when it serves no more, however that came. */
  readonly ended: Promise<Ending>
  /** The metrics it had when they were last asked for, or when it ended. */
  readonly counted: readonly Family[]
  /** Shows what happens in it. @returns what ends that */
  readonly watch: Watch
  /** All these fail where it does not answer in time. */
  metrics(): Promise<readonly Family[]>
  status(): Promise<ProcessStatus>
  /** Sends an event through the port and back, waiting so long. */
  canary(milliseconds: number): Promise<CanaryResult>
  /** What Redis has of the nodes that share it; null for a server by itself. */
  nodes(): Promise<NodesSeen | null>
  /** @param given a configuration that another worker has read; it reads for itself when left out */
  reload(given?: unknown): Promise<Reloading>
  /** Tells it what `/ready` answers; undefined leaves that to it. */
  answer(readiness: Readiness | undefined): void
  /** Lets its connections go at a pace; `ended` resolves when it is done. */
  drain(): void
  /** Ends it at once. */
  stop(): void
}
