/**
 * Whether new clients should come to the server, and what keeps them out.
 */
import { type Check, type Finding, type Fix, ok, skip } from '../check.ts'
import type { Scene } from '../scene.ts'

interface Known {
  readonly pattern: RegExp
  readonly causeId: string
  readonly cause: string
  readonly fix: Fix
}

const FILES_FIX: Fix = {
  text: 'Raise the limit on open files (see host.open-files), or add servers.',
}

/** By what the server says. */
const REASONS: readonly Known[] = [
  {
    pattern: /PostgreSQL/,
    causeId: 'no-apps',
    cause: 'The table of apps is read at the start, and PostgreSQL has not answered yet.',
    fix: { text: 'Check postgres.url and that the database can be reached; the log says more.' },
  },
  {
    pattern: /Redis/,
    causeId: 'redis-away',
    cause: 'Without it, events of Laravel and of the other nodes do not arrive.',
    fix: {
      text: 'Redis answers here: where the server cannot reach it from where it runs (a container, another redis.url), correct that; else it is ready within seconds. Its log says what it was told.',
    },
  },
  {
    pattern: /open files/,
    causeId: 'full-of-files',
    cause: 'Each connection is an open file, and the limit on these is used up.',
    fix: FILES_FIX,
  },
  {
    pattern: /memory/,
    causeId: 'full-of-memory',
    cause: 'Nine tenths of the memory that it may have are used.',
    fix: {
      text: 'Give it more memory, correct memory.limitBytes, or add servers; see host.memory.',
    },
  },
  {
    pattern: /drain|stopping|workers/,
    causeId: 'ending',
    cause: 'It was told to end, or workers are being replaced.',
    fix: { text: 'Wait for it, or start it again; resound status says how far it is.' },
  },
]

export const serverReady: Check<Scene> = {
  id: 'server.ready',
  area: 'server',
  question: 'Would it take new clients',
  needs: ['server.running', 'server.redis', 'host.redis-acl'],
  run: async (scene) => {
    const status = await scene.status()
    if (status === undefined) return skip('No server answers.')
    const { ready, reason, workers } = status
    if (ready && workers.serving === workers.wanted) return ok(`It is ready: ${reason}.`)
    return ready ? fewerWorkers(workers) : notReady(reason)
  },
}

function notReady(reason: string): Finding {
  const known = REASONS.find(({ pattern }) => pattern.test(reason))
  return {
    outcome: 'critical',
    summary: 'The server tells load balancers to send nobody here: /ready answers 503.',
    evidence: [`It says: ${reason}`],
    causeId: known?.causeId ?? 'not-ready',
    ...(known === undefined ? {} : { cause: known.cause, fix: known.fix }),
  }
}

function fewerWorkers({
  wanted,
  serving,
  respawns,
}: {
  wanted: number
  serving: number
  respawns: number
}): Finding {
  return {
    outcome: 'warning',
    summary: `Only ${serving} of ${wanted} workers serve.`,
    evidence: [`Replaced so far: ${respawns}.`],
    cause: 'A worker has ended by itself, or is starting.',
    causeId: 'workers-missing',
    fix: { text: 'The log says why workers end.' },
  }
}
