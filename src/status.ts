/**
 * What one process has to tell an operator: what it holds, and how near its limits it is.
 */
import { readFileSync } from 'node:fs'
import { getHeapStatistics } from 'node:v8'
import type { Buckets } from './buckets.ts'
import type { Readiness } from './http-api/health.ts'
import type { LiveApp } from './hub/live-app.ts'
import { openFiles, openFilesLimit } from './open-files.ts'
import { residentBytes } from './resident-memory.ts'
import { version } from './version.ts'

/** Fields are added, never renamed: it passes between releases, and to scripts. */
export interface ProcessStatus {
  readonly pid: number
  readonly version: string
  readonly node: string
  readonly uptimeSeconds: number
  readonly readiness: Readiness
  /** Null stands for a limit that the system does not tell. */
  readonly connections: { readonly open: number; readonly limit: number | null }
  readonly openFiles: { readonly open: number | null; readonly limit: number | null }
  readonly memory: {
    readonly residentBytes: number
    readonly heapUsedBytes: number
    /** Of the configuration, the container or the machine. */
    readonly limitBytes: number
  }
  /** What there is too little of for more connections: who comes now is told to try again (4100). */
  readonly shortage: 'files' | 'memory' | 'heap' | null
  /**
   * Since the process began, the bucket's bound that 99 % are within, null when none is; and the most of
   * the last second.
   */
  readonly eventLoopDelay: { readonly p99Seconds: number | null; readonly recentSeconds: number }
  /** The Redis servers where Laravel is heard, one each. */
  readonly redis: readonly {
    readonly isUp: boolean
    readonly roundTripSeconds: number | null
    readonly lastMessageAgeSeconds: number | null
    /** What is subscribed to where Laravel publishes; the nodes have none. */
    readonly patterns: readonly string[]
  }[]
  /** Nodes that share a Redis with this one, itself included; null for a server by itself. */
  readonly nodes: number | null
  /** Apps served, by where they come from. */
  readonly apps: Readonly<Record<string, number>>
  /** When the TLS certificate ends, as an ISO time; null without TLS. */
  readonly certificateEnd: string | null
  /** The release of uWebSockets.js that was loaded. */
  readonly uWebSockets: string
  /** Whether connections that wait at a listener that closes go to another (net.ipv4.tcp_migrate_req). */
  readonly tcpMigrateReq: boolean | null
}

export interface StatusSources {
  readonly capacity: number
  readonly memoryLimitBytes: number
  readonly shortage: 'files' | 'memory' | 'heap' | undefined
  readonly uWebSockets: string
  readonly hub: { lives(): Iterable<LiveApp> }
  readonly redis: Iterable<{
    readonly isUp: boolean
    readonly roundTripSeconds: number | undefined
    readonly lastMessageAgeSeconds: number | undefined
    readonly patterns?: readonly string[]
  }>
  readonly nodes: number | undefined
  readonly apps: Readonly<Record<string, number>>
  readonly eventLoopDelay: { readonly seconds: Buckets; readonly recentSeconds: number }
  /** Unix milliseconds; undefined without TLS. */
  readonly certificateEnd: number | undefined
  readonly readiness: Readiness
}

export function processStatus(sources: StatusSources): ProcessStatus {
  const { capacity, hub, redis, apps, eventLoopDelay, certificateEnd, readiness } = sources
  const states = [...redis]
  let open = 0
  for (const { connections } of hub.lives()) open += connections.size
  const { used_heap_size: heapUsed } = getHeapStatistics()
  return {
    pid: process.pid,
    version,
    node: process.versions.node,
    uptimeSeconds: process.uptime(),
    readiness,
    connections: { open, limit: finite(capacity) },
    openFiles: { open: openFiles() ?? null, limit: finite(openFilesLimit()) },
    memory: {
      residentBytes: residentBytes(),
      heapUsedBytes: heapUsed,
      limitBytes: sources.memoryLimitBytes,
    },
    shortage: sources.shortage ?? null,
    eventLoopDelay: {
      p99Seconds: boundOf(eventLoopDelay.seconds, 0.99),
      recentSeconds: eventLoopDelay.recentSeconds,
    },
    redis: states.map(({ isUp, roundTripSeconds, lastMessageAgeSeconds, patterns = [] }) => ({
      isUp,
      roundTripSeconds: roundTripSeconds ?? null,
      lastMessageAgeSeconds: lastMessageAgeSeconds ?? null,
      patterns: [...patterns],
    })),
    nodes: sources.nodes ?? null,
    apps,
    certificateEnd: certificateEnd === undefined ? null : new Date(certificateEnd).toISOString(),
    uWebSockets: sources.uWebSockets,
    tcpMigrateReq: tcpMigrateReq(),
  }
}

/** As of the network namespace that this process is in; null where the system does not tell. */
function tcpMigrateReq(): boolean | null {
  try {
    return readFileSync('/proc/sys/net/ipv4/tcp_migrate_req', 'utf8').trim() !== '0'
  } catch {
    return null // Linux before 5.14, or something else
  }
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null)

function boundOf({ bounds, counts }: Buckets, share: number): number | null {
  const all = counts.reduce((sum, count) => sum + count, 0)
  let within = 0
  for (const [index, bound] of bounds.entries()) {
    within += counts[index] ?? 0
    if (within >= all * share) return bound
  }
  return null
}
