/**
 * Why a queued event did not arrive: what the queue says of its job, and which workers run here.
 */
import type { Finding, Fix } from '../check.ts'
import type { LaravelFacts } from '../laravel/facts.ts'
import { inApp } from '../laravel/owner.ts'
import { envFix } from './app-api.ts'
import type { Job, Queued } from './scripts.ts'
import { queueWorkers, type Worker } from './workers.ts'

/** A canary job, as it was queued. */
export interface Pushed {
  readonly facts: LaravelFacts
  readonly queued: Queued
  readonly channel: string
}

type Told = Pick<Finding, 'summary' | 'cause' | 'causeId' | 'fix'>

const restart = ({ directory }: LaravelFacts): Fix => ({
  text: 'Have the workers start again, with the code and configuration of today.',
  paste: inApp(directory, 'php artisan queue:restart'),
  into: 'shell',
})

export function queueFinding(pushed: Pushed, job: Job | undefined): Finding {
  const workers = queueWorkers(pushed.facts.directory)
  return {
    outcome: 'critical',
    evidence: evidenceOf(pushed, job, workers),
    ...told(pushed, job, workers),
  }
}

function told(pushed: Pushed, job: Job | undefined, workers: readonly Worker[]): Told {
  const { facts, queued } = pushed
  if (queued.driver === 'null') {
    return {
      summary: 'The app drops every job that it queues, and so every queued event.',
      cause: 'The queue driver is null.',
      causeId: 'null-queue',
      fix: envFix(facts, 'Queue jobs in the database, for a worker.', [
        'QUEUE_CONNECTION=database',
      ]),
    }
  }
  switch (job?.state) {
    case 'failed':
      return {
        summary: 'The worker took the event, and failed to send it.',
        cause: 'The app itself can send one: the worker runs with older code or configuration.',
        causeId: 'job-failed',
        fix: restart(facts),
      }
    case 'running':
      return {
        summary: 'A worker has taken the event, and is not done with it.',
        cause: 'It hangs on its way to the server, or ended while it was at it.',
        causeId: 'job-running',
        fix: restart(facts),
      }
    case 'waiting':
      return waiting(pushed, job, workers)
    case 'gone':
      return {
        summary: 'The worker sent the event without an error, and it does not arrive.',
        cause: 'It runs with older code or configuration, and sends events elsewhere.',
        causeId: 'worker-stale',
        fix: restart(facts),
      }
    default:
      return {
        summary: 'The event was queued, and does not arrive.',
        cause: 'No worker has taken it in time, or it sent it elsewhere; this queue does not tell.',
        causeId: 'queue-silent',
        fix: startWorker(pushed),
      }
  }
}

function waiting(pushed: Pushed, job: Job, workers: readonly Worker[]): Told {
  const { facts, queued } = pushed
  const { name, queue } = queued
  if (facts.app.isDown) {
    return {
      summary: 'The event waits in the queue while the app is down for maintenance.',
      cause: 'Workers pause in maintenance mode.',
      causeId: 'maintenance',
      fix: { text: 'Bring it up.', paste: inApp(facts.directory, 'php artisan up'), into: 'shell' },
    }
  }
  if ((job.attempts ?? 0) > 0) {
    return {
      summary: 'A worker has tried to send the event, and will try again.',
      cause: 'The app itself can send one: the worker runs with older code or configuration.',
      causeId: 'job-failing',
      fix: restart(facts),
    }
  }
  const before = queued.waiting ?? 0
  const isMoving = before > 0 && (job.waiting ?? 0) < before
  const serving = workers.filter((worker) => serves(worker, queued))
  if (serving.length > 0 || isMoving) {
    return {
      summary: `The event waits behind ${before} jobs.`,
      cause: 'The workers are busy with others.',
      causeId: 'queue-behind',
      fix: { ...startWorker(pushed), text: 'Run more workers, or one for this queue alone.' },
    }
  }
  const [other] = workers
  if (other !== undefined) {
    return {
      summary: `The event waits in the queue ${queue} of ${name}, where no worker looks.`,
      cause: `The worker here looks at ${other.queues.join(', ') || 'another connection'} only.`,
      causeId: 'worker-other-queue',
      fix: startWorker(pushed, other),
    }
  }
  return {
    summary: `The event waits in the queue ${queue} of ${name}, and no worker takes it.`,
    cause: 'No queue worker of the app runs.',
    causeId: 'no-worker',
    fix: startWorker(pushed),
  }
}

const serves = ({ connection, queues }: Worker, { name, queue }: Queued): boolean =>
  (connection ?? name) === name && (queues.length === 0 || queues.includes(queue))

/** @param beside a worker whose queues are looked at as well */
function startWorker({ queued, facts }: Pushed, beside?: Worker): Fix {
  const { name, queue } = queued
  const isSame = beside !== undefined && (beside.connection ?? name) === name
  const queues = [queue, ...(isSame ? beside.queues : [])].join(',')
  return {
    text: 'Run a worker, under a supervisor that starts it again.',
    paste: inApp(facts.directory, `php artisan queue:work ${name} --queue=${queues}`),
    into: 'shell',
  }
}

function evidenceOf(
  { queued, channel }: Pushed,
  job: Job | undefined,
  workers: readonly Worker[],
): readonly string[] {
  const { name, driver, queue, waiting: before } = queued
  return [
    `queue connection ${name} (${driver}), queue ${queue}`,
    ...(before === undefined ? [] : [`${before} jobs were waiting before this one`]),
    ...(job?.oldestSeconds === undefined ? [] : [`the oldest waits for ${job.oldestSeconds} s`]),
    ...(job?.exception === undefined ? [] : [`the job failed: ${job.exception}`]),
    ...(workers.length === 0
      ? ['no worker of this app is seen on this machine']
      : workers.map(({ pid, command }) => `process ${pid}: ${command}`)),
    ...(job === undefined ? [] : [leftBehind(job, channel)]),
  ]
}

function leftBehind({ state, isTaken }: Job, channel: string): string {
  if (isTaken) return 'the canary job was taken out of the queue again'
  if (state === 'gone' || state === 'failed') return 'the canary job has left the queue'
  return `a canary job stays in the queue, and does no harm: an event for nobody on ${channel}`
}
