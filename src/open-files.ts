/**
 * How many connections this process's limit on open files leaves room for.
 *
 * Node.js raises the soft limit to the hard one at its start. At the limit itself nothing can be
 * accepted any more, and what is waiting keeps the event loop busy, so a rest is held back: for the
 * HTTP API, the admin port, Redis, and telling clients that this server is full.
 */
import { readFileSync } from 'node:fs'

const HELD_BACK_SHARE = 0.05
const HELD_BACK_LEAST = 128

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
