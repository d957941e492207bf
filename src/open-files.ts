/**
 * How many connections this process's limit on open files leaves room for.
 *
 * Node.js raises the soft limit to the hard one at its start. At the limit itself nothing can be
 * accepted any more, and what is waiting keeps the event loop busy, so a rest is held back: for the
 * HTTP API, the admin port, Redis, and telling clients that this server is full.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'

const HELD_BACK_SHARE = 0.05
const HELD_BACK_LEAST = 128

/** Fewer than this are warned about; a service manager's own default is often 1,024. */
const LOW = 10_000
/** What is proposed instead. */
const PLENTY = 65_536

const OWN_FILES = '/proc/self/fd'

/** The most connections to accept, or Infinity where the system does not tell its limit. */
export function connectionCapacity(limit = openFilesLimit()): number {
  if (!Number.isFinite(limit)) return limit
  const heldBack = Math.max(HELD_BACK_LEAST, Math.ceil(limit * HELD_BACK_SHARE))
  return Math.max(1, limit - heldBack)
}

/** Most open files of this process, or Infinity where the system does not tell. */
export function openFilesLimit(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft)
  } catch {
    return Number.POSITIVE_INFINITY // no such file outside of Linux
  }
}

/** Open files of this process, or undefined where the system does not tell. */
export function openFiles(): number | undefined {
  try {
    // Linux 6.2 tells their number without listing them; where it does not, the size is 0.
    const { size } = statSync(OWN_FILES)
    return size > 0 ? size : readdirSync(OWN_FILES).length
  } catch {
    return undefined
  }
}

/** What there is to say of a limit on open files, as fields of a log line; undefined when it is enough. */
export interface LowLimit {
  readonly limit: number
  /** Connections that it leaves room for. */
  readonly connections: number
  /** Connections that the configuration allows (`maxConnections` of all apps), where that is more. */
  readonly configured?: number
  /** The line to change, wherever this server was started from. */
  readonly systemd: string
  readonly shell: string
  readonly docker: string
}

/** @param configured connections that all apps together may have; 0 when there is no bound */
export function lowLimit(limit: number, configured: number): LowLimit | undefined {
  const connections = connectionCapacity(limit)
  const isShort = configured > connections
  if (limit >= LOW && !isShort) return undefined
  const needed = Math.ceil(configured / (1 - HELD_BACK_SHARE)) + HELD_BACK_LEAST
  const enough = Math.max(PLENTY, needed)
  return {
    limit,
    connections,
    ...(isShort ? { configured } : {}),
    systemd: `LimitNOFILE=${enough}`,
    shell: `ulimit -n ${enough}`,
    docker: `--ulimit nofile=${enough}:${enough}`,
  }
}
