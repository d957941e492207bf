/**
 * Whether every worker answers: one that hangs still gets its share of the connections to the port.
 */
import { readFileSync } from 'node:fs'
import { type Check, type Finding, ok, skip } from '../check.ts'
import type { Scene } from '../scene.ts'

export const serverWorkers: Check<Scene> = {
  id: 'server.workers',
  area: 'server',
  question: 'Does every worker answer',
  needs: ['server.running'],
  run: async (scene) => {
    const status = await scene.status()
    if (status === undefined) return skip('No server answers.')
    const { processes } = status
    if (processes.length < 2) return skip('One process serves.')
    const silent = processes.filter(({ state }) => state === 'silent').map(({ pid }) => pid)
    if (silent.length > 0) return hanging(silent, processes.length)
    return ok(`${processes.length} workers answer.`)
  },
}

function hanging(pids: readonly number[], all: number): Finding {
  const stopped = pids.filter(isStopped)
  const isEachStopped = stopped.length === pids.length
  const named = `${pids.length === 1 ? 'Worker' : 'Workers'} ${pids.join(', ')}`
  return {
    outcome: 'critical',
    summary: `${named} of ${all} ${pids.length === 1 ? 'does' : 'do'} not answer.`,
    evidence: pids.map((pid) => `Process ${pid}: ${stopped.includes(pid) ? 'stopped' : 'silent'}`),
    cause: isEachStopped
      ? 'Somebody has stopped it (SIGSTOP, a debugger). It keeps the port open and is given connections, which nobody then answers.'
      : 'It hangs. It keeps the port open and is given connections, which nobody then answers.',
    causeId: isEachStopped ? 'worker-stopped' : 'worker-silent',
    fix: isEachStopped
      ? { text: 'Let it go on.', paste: `kill -CONT ${pids.join(' ')}`, into: 'shell' }
      : {
          text: 'End it: the server starts another in its place.',
          paste: `kill -KILL ${pids.join(' ')}`,
          into: 'shell',
        },
  }
}

/** By what the system says of it: `T`, and `t` under a debugger. */
function isStopped(pid: number): boolean {
  try {
    return /^State:\s+[Tt]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false // of another machine or system, or it has ended by now
  }
}
