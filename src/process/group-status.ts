/**
 * What a process group has to tell an operator, as `resound status` shows it.
 */
import type { Readiness } from '../http-api/health.ts'
import { residentBytes } from '../resident-memory.ts'
import type { ProcessStatus } from '../status.ts'
import { version } from '../version.ts'
import type { Generation } from './generation.ts'

export interface LastRestart {
  readonly at: string
  /** What asked for it. */
  readonly reason: string
  readonly outcome: 'done' | 'failed'
  readonly from: string
  readonly to: string
  readonly seconds: number
  /** Why it failed. */
  readonly message?: string
}

export type WorkerState = 'serving' | 'draining' | 'silent'

/** A process, with what it said of itself; without that when it does not answer. */
export type ListedProcess = {
  readonly pid: number
  readonly generation: string
  readonly state: WorkerState
} & Partial<ProcessStatus>

/** Fields are added, never renamed. */
export interface GroupStatus {
  readonly version: string
  /** By the server's clock, ISO. */
  readonly time: string
  readonly pid: number
  readonly uptimeSeconds: number
  readonly ready: boolean
  readonly reason: string
  readonly generation: { readonly id: string; readonly number: number; readonly startedAt: string }
  readonly workers: {
    readonly wanted: number
    readonly serving: number
    /** Of this generation: how often a worker that ended was replaced, and how the last one ended. */
    readonly respawns: number
    readonly lastEnding: Generation['lastEnding'] | null
  }
  readonly processes: readonly ListedProcess[]
  /** Memory of the process that was started, where it serves no clients itself. */
  readonly supervisor: { readonly residentBytes: number } | null
  readonly connections: { readonly open: number; readonly limit: number | null }
  readonly isRestarting: boolean
  readonly lastRestart: LastRestart | null
}

export interface GroupSources {
  readonly current: Generation
  readonly retiring: readonly Generation[]
  readonly readiness: () => Readiness
  readonly isRestarting: boolean
  readonly lastRestart: LastRestart | undefined
}

export async function groupStatus(sources: GroupSources): Promise<GroupStatus> {
  const { current, retiring, readiness, isRestarting, lastRestart } = sources
  const listed = await Promise.all(
    [current, ...retiring].map((generation) =>
      processesOf(generation, generation === current ? 'serving' : 'draining'),
    ),
  )
  const processes = listed.flat()
  const isServing = processes.some(({ pid }) => pid === process.pid)
  return {
    version,
    time: new Date().toISOString(),
    pid: process.pid,
    uptimeSeconds: process.uptime(),
    ...readiness(), // after its workers were asked, as all that follows
    generation: {
      id: current.id,
      number: current.number,
      startedAt: new Date(current.startedAt).toISOString(),
    },
    workers: {
      wanted: current.wanted,
      serving: current.serving,
      respawns: current.respawns,
      lastEnding: current.lastEnding ?? null,
    },
    processes,
    supervisor: isServing ? null : { residentBytes: residentBytes() },
    connections: {
      open: sum(processes.map(({ connections }) => connections?.open ?? 0)),
      limit: limitOf(processes.filter(({ state }) => state === 'serving')),
    },
    isRestarting,
    lastRestart: lastRestart ?? null,
  }
}

function processesOf(generation: Generation, state: WorkerState): Promise<ListedProcess[]> {
  return Promise.all(
    generation.workers.map(async (worker): Promise<ListedProcess> => {
      const { pid } = worker
      const known = { pid, generation: generation.id }
      try {
        return { ...(await worker.status()), ...known, state }
      } catch {
        return { ...known, state: 'silent' } // which is what there is to tell
      }
    }),
  )
}

/** Null where one of them has none. */
function limitOf(processes: readonly ListedProcess[]): number | null {
  const limits = processes.map(({ connections }) => connections?.limit ?? null)
  return limits.includes(null) ? null : sum(limits.map((limit) => limit ?? 0))
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0)
