/**
 * The threads of a load test, from the side that started them: one event loop each, so that a load may use
 * more than one core.
 */
import type { RecordableHistogram } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'
import { Meeting, type Sent } from './crew.ts'
import { ErrorCounts } from './errors.ts'
import { createLatencies } from './latency.ts'
import type { Measured } from './measure.ts'
import { PHASES, type PhaseName, type Share } from './plan.ts'

export const PROGRESS_MILLISECONDS = 500

export type Order =
  | { readonly type: 'stop' }
  /** All threads have come to where this one waits. */
  | { readonly type: 'met'; readonly sent: readonly Sent[] }

export type Report =
  | { readonly type: 'began'; readonly phase: PhaseName }
  | { readonly type: 'progress'; readonly happened: number; readonly errors: number }
  | { readonly type: 'come'; readonly sent: Sent | undefined }
  | { readonly type: 'ended'; readonly phase: PhaseName; readonly measured: Measured }

/** How far all threads together are in a phase. */
export interface Progress {
  readonly phase: PhaseName
  readonly happened: number
  readonly errors: number
}

/** What has come of a phase in all threads. */
export interface PhaseOutcome extends Measured {
  readonly phase: PhaseName
}

/**
 * Runs a scenario in one thread for each share.
 * @returns its phases, in their order; those that were reached before it was interrupted
 */
export async function runShares(
  shares: readonly Share[],
  signal: AbortSignal,
  progressed: (progress: Progress) => void,
): Promise<readonly PhaseOutcome[]> {
  const states: Progress[] = shares.map(() => ({ phase: 'connect', happened: 0, errors: 0 }))
  const measured = new Map<PhaseName, Measured[]>()
  let phase: PhaseName = 'connect'
  const workers = shares.map(
    (share) => new Worker(new URL('./thread.js', import.meta.url), { workerData: share }),
  )
  const order = (what: Order): void => {
    for (const worker of workers) worker.postMessage(what)
  }
  const meeting = new Meeting(shares.length, (sent) => order({ type: 'met', sent }))
  const take = (index: number, report: Report): void => {
    switch (report.type) {
      case 'come':
        meeting.come(report.sent)
        return
      case 'began':
        phase = report.phase
        states[index] = { phase, happened: 0, errors: 0 }
        break
      case 'progress':
        states[index] = {
          phase: states[index]?.phase ?? phase,
          happened: report.happened,
          errors: report.errors,
        }
        break
      case 'ended':
        measured.set(report.phase, [...(measured.get(report.phase) ?? []), report.measured])
        break
    }
    const begun = states.filter((state) => state.phase === phase)
    const sum = (of: 'happened' | 'errors') => begun.reduce((total, state) => total + state[of], 0)
    progressed({ phase, happened: sum('happened'), errors: sum('errors') })
  }
  const stop = (): void => order({ type: 'stop' })
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop)
  try {
    await Promise.all(
      workers.map((worker, index) => ended(worker.on('message', (report) => take(index, report)))),
    )
  } finally {
    signal.removeEventListener('abort', stop)
    // Where one has failed, the others would wait for it.
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
  return PHASES.flatMap((phase) => {
    const parts = measured.get(phase) ?? []
    return parts.length === 0 ? [] : [{ phase, ...merged(parts) }]
  })
}

/** @throws what the thread failed by */
const ended = (worker: Worker): Promise<void> =>
  new Promise((resolve, reject) => {
    worker.once('error', reject)
    worker.once('exit', () => resolve())
  })

function merged(parts: readonly Measured[]): Measured {
  const errors = new ErrorCounts()
  for (const part of parts) errors.merge(part.errors)
  const sum = (of: (part: Measured) => number) => parts.reduce((total, part) => total + of(part), 0)
  const most = (of: (part: Measured) => number) => Math.max(...parts.map(of))
  return {
    operations: sum(({ operations }) => operations),
    expected: sum(({ expected }) => expected),
    happened: sum(({ happened }) => happened),
    missed: sum(({ missed }) => missed),
    doubled: sum(({ doubled }) => doubled),
    seconds: most(({ seconds }) => seconds),
    latencies: together(parts.map(({ latencies }) => latencies)),
    self: {
      busyShare: most(({ self }) => self.busyShare),
      cpuMicroseconds: most(({ self }) => self.cpuMicroseconds), // of the whole process, each
      loopDelayP99Milliseconds: most(({ self }) => self.loopDelayP99Milliseconds),
      lag: together(parts.map(({ self }) => self.lag)),
    },
    errors: errors.list(),
  }
}

function together(parts: readonly RecordableHistogram[]): RecordableHistogram {
  const all = createLatencies()
  for (const part of parts) all.add(part)
  return all
}
