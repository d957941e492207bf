/**
 * Whether this process has room for one more connection: open files, and memory.
 *
 * Once a second it is looked at how much is used. Beyond a bound new connections are told to try
 * again, while everybody who is here, the HTTP API and the admin port go on being served.
 */
import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'
import type { Logger } from 'pino'
import type { Clock } from './clock.ts'
import { connectionCapacity, openFiles, openFilesLimit } from './open-files.ts'
import { residentBytes } from './resident-memory.ts'

const PERIOD_MILLISECONDS = 1000

/** Share of a limit beyond which nobody new is taken. */
const FULL_SHARE = { files: 0.95, memory: 0.9 }

/** Files that nobody who connects may have: for the admin port, Redis, and finding out how many are open. */
const LEFT = { share: 0.02, least: 24 }

/** Seconds in a row: what garbage collection is about to free counts for nothing. */
const SAMPLES = 3

/** An episode that begins again so soon is the same one. */
const EPISODE_MILLISECONDS = 60_000

/** Connections of clients, each an open file. */
export interface Clients {
  /** WebSockets, established or not. */
  readonly webSockets: number
  /** Accepted, and not served as WebSockets: not yet, not at all, or of the HTTP API. */
  readonly others: number
}

/** How much of what there is is used. */
export interface Use {
  /** Open files that are no connections of clients. */
  readonly otherFiles: number
  readonly filesLimit: number
  readonly memoryBytes: number
  readonly memoryLimitBytes: number
  readonly heapBytes: number
  readonly heapLimitBytes: number
}

/** What there is no room for: as clients are told, as the log says it, and what to do. */
export interface Shortage {
  readonly of: 'files' | 'memory' | 'heap'
  readonly reason: string
  readonly remedy: string
}

const SHORTAGES: Readonly<Record<Shortage['of'], Shortage>> = {
  files: {
    of: 'files',
    reason: 'This server has all the connections that its limit on open files allows.',
    remedy: 'Raise the limit: LimitNOFILE= of systemd, ulimit -n, or docker run --ulimit nofile=.',
  },
  memory: {
    of: 'memory',
    reason: 'This server has all the connections that its memory allows.',
    remedy:
      'Give the container or the machine more memory, correct memory.limitBytes, or add servers.',
  },
  heap: {
    of: 'heap',
    reason: 'This server has all the connections that its memory allows.',
    remedy:
      'Start Node.js with a larger heap (NODE_OPTIONS=--max-old-space-size=), or add servers.',
  },
}

/** Whether so many connections leave no open files for more. */
export function filesShortage(use: Use, { webSockets, others }: Clients): Shortage | undefined {
  const isFull =
    webSockets >= connectionCapacity(use.filesLimit) ||
    webSockets + others + use.otherFiles >= Math.floor(FULL_SHARE.files * use.filesLimit)
  return isFull ? SHORTAGES.files : undefined
}

/** Whether a connection more would take the last files, even if it is only to be refused. */
export function isExhausted(use: Use, { webSockets, others }: Clients): boolean {
  const left = Math.max(LEFT.least, LEFT.share * use.filesLimit)
  return webSockets + others + use.otherFiles > use.filesLimit - left
}

/** Whether memory is nearly used up. @param recent the last samples, newest last */
export function memoryShortage(recent: readonly Use[]): Shortage | undefined {
  if (recent.length < SAMPLES) return undefined
  const isFull = (used: (use: Use) => number, limit: (use: Use) => number): boolean =>
    recent.every((use) => used(use) > FULL_SHARE.memory * limit(use))
  if (isFull(memoryOf, memoryLimitOf)) return SHORTAGES.memory
  return isFull(heapOf, heapLimitOf) ? SHORTAGES.heap : undefined
}

const memoryOf = (use: Use): number => use.memoryBytes
const memoryLimitOf = (use: Use): number => use.memoryLimitBytes
const heapOf = (use: Use): number => use.heapBytes
const heapLimitOf = (use: Use): number => use.heapLimitBytes

/** The container's limit, or the machine's memory where there is none. */
export function detectedMemoryLimit(): number {
  const constrained = process.constrainedMemory()
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
}

export class Room {
  readonly memoryLimitBytes: number
  readonly stop: () => void
  readonly #clock: Clock
  readonly #log: Logger
  readonly #clients: () => Clients
  readonly #filesLimit = openFilesLimit()
  #recent: readonly Use[] = []
  #use: Use
  #memoryShortage: Shortage | undefined
  /** When there was last a shortage, in Unix time in milliseconds. */
  #shortAt = Number.NEGATIVE_INFINITY

  constructor(parts: {
    clock: Clock
    log: Logger
    /** 0 for what the container or the machine has. */
    memoryLimitBytes: number
    clients: () => Clients
  }) {
    this.#clock = parts.clock
    this.#log = parts.log
    this.#clients = parts.clients
    this.memoryLimitBytes = parts.memoryLimitBytes || detectedMemoryLimit()
    this.#use = this.#look({ webSockets: 0, others: 0 })
    this.stop = parts.clock.every(PERIOD_MILLISECONDS, () => this.#sample())
  }

  // hot path: once per connection (test/bench, connect-2k).
  /** What there is no room for, if anything. */
  shortage(): Shortage | undefined {
    return this.#memoryShortage ?? filesShortage(this.#use, this.#clients())
  }

  // hot path: once per connection, before anything of it is read.
  /** Whether not even a refusal can be told: what has been accepted is to be cut off. */
  get isExhausted(): boolean {
    return isExhausted(this.#use, this.#clients())
  }

  #sample(): void {
    const clients = this.#clients()
    this.#use = this.#look(clients)
    this.#recent = [...this.#recent.slice(1 - SAMPLES), this.#use]
    this.#memoryShortage = memoryShortage(this.#recent)
    const short = this.shortage()
    if (short === undefined) return
    const now = this.#clock.now()
    const isNews = now - this.#shortAt > EPISODE_MILLISECONDS
    this.#shortAt = now
    if (!isNews) return
    const { of, remedy } = short
    this.#log.warn(
      { of, connections: clients.webSockets, ...this.#use, remedy },
      'no room for more connections; new ones are told to try again',
    )
  }

  #look({ webSockets, others }: Clients): Use {
    const heap = getHeapStatistics()
    return {
      otherFiles: Math.max(0, (openFiles() ?? 0) - webSockets - others),
      filesLimit: this.#filesLimit,
      memoryBytes: residentBytes(),
      memoryLimitBytes: this.memoryLimitBytes,
      heapBytes: heap.used_heap_size,
      heapLimitBytes: heap.heap_size_limit,
    }
  }
}
