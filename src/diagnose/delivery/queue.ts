/**
 * `delivery.queue`: an event that the app queues, as it does with every ShouldBroadcast event, and that a
 * worker of the app has to send.
 */
import { type Check, type Finding, ok } from '../check.ts'
import type { LaravelFacts } from '../laravel/facts.ts'
import { inApp } from '../laravel/owner.ts'
import { askPhp } from '../laravel/php.ts'
import type { Scene } from '../scene.ts'
import { serverOf } from './app-http.ts'
import { listening } from './leg.ts'
import type { CanaryListener } from './listener.ts'
import { broadcastFault, startFault } from './php-fault.ts'
import { type Pushed, queueFinding } from './queue-findings.ts'
import { JOB_SCRIPT, Job, QUEUE_SCRIPT, Queued } from './scripts.ts'
import { isFinding, NO_LARAVEL } from './server.ts'

/** An idle worker looks every three seconds. */
const WORKER_MILLISECONDS = 5000
const LOOK_MILLISECONDS = 1200
/** From the end of a job to the event's arrival. */
const LATE_MILLISECONDS = 700

export const throughQueue: Check<Scene> = {
  id: 'delivery.queue',
  area: 'delivery',
  question: "Does a queued event come through the app's queue and its worker",
  needs: ['config.app', 'config.driver', 'delivery.php', 'delivery.redis'],
  async run(scene, signal) {
    const facts = await scene.laravel()
    if (facts === undefined) return NO_LARAVEL
    const local = await serverOf(scene, facts)
    if (isFinding(local)) return local
    return listening(local, signal, (listener) => throughWorker(facts, listener, signal))
  },
}

async function throughWorker(
  facts: LaravelFacts,
  listener: CanaryListener,
  signal: AbortSignal,
): Promise<Finding> {
  const { channel } = listener
  const begun = performance.now()
  const told = await askPhp({
    directory: facts.directory,
    script: QUEUE_SCRIPT,
    input: { channel },
    signal,
  })
  if ('fault' in told) return startFault(told.fault, facts.directory)
  const queued = Queued.parse(told.answer)
  const pushed: Pushed = { facts, queued, channel }
  if (queued.failed !== undefined) {
    const found = broadcastFault(queued.failed, facts.directory)
    return { outcome: 'critical', ...found, summary: 'The app cannot queue an event.' }
  }
  if (queued.driver === 'null') return queueFinding(pushed, undefined)
  const queuing = Math.round(performance.now() - begun)
  const { arrived, failed } = await watched(listener, pushed, signal)
  const job = failed ?? (await jobOf(pushed, true, signal))
  const timings = { ...listener.timings, queue: queuing }
  if (!arrived) return { timings, ...queueFinding(pushed, job) }
  const worker = Math.round(performance.now() - begun) - queuing
  return heard(pushed, job, { ...timings, worker })
}

/** Waits for the event, and no longer than the job lasts. @returns a job that failed, which is told once */
async function watched(
  listener: CanaryListener,
  pushed: Pushed,
  signal: AbortSignal,
): Promise<{ readonly arrived: boolean; readonly failed?: Job }> {
  const end = performance.now() + WORKER_MILLISECONDS
  while (performance.now() < end) {
    if ((await listener.hears(LOOK_MILLISECONDS, signal)) !== undefined) return { arrived: true }
    const job = await jobOf(pushed, false, signal)
    if (job?.state === 'failed') return { arrived: false, failed: job }
    if (job?.state !== 'gone') continue
    return { arrived: (await listener.hears(LATE_MILLISECONDS, signal)) !== undefined }
  }
  return { arrived: false }
}

/** What has become of the job; undefined where the app does not tell. */
async function jobOf(
  { facts, queued, channel }: Pushed,
  take: boolean,
  signal: AbortSignal,
): Promise<Job | undefined> {
  const told = await askPhp({
    directory: facts.directory,
    script: JOB_SCRIPT,
    input: { channel, id: queued.id ?? '', take },
    signal,
  })
  return 'answer' in told ? Job.parse(told.answer) : undefined
}

function heard(
  { facts, queued }: Pushed,
  job: Job | undefined,
  timings: Readonly<Record<string, number>>,
): Finding {
  const { name, driver, queue } = queued
  const evidence = [
    `queue connection ${name} (${driver}), queue ${queue}`,
    ...(job?.waiting === undefined ? [] : [`${job.waiting} jobs are waiting`]),
  ]
  if (job !== undefined && job.failedBroadcasts > 0) {
    return {
      outcome: 'warning',
      summary: `A queued event arrived, and ${job.failedBroadcasts} others have failed within a day.`,
      evidence: [...evidence, `the last one: ${job.lastException ?? 'without a reason'}`],
      causeId: 'failed-broadcasts',
      fix: {
        text: 'Send them again, or look at them (queue:failed) and forget them (queue:forget).',
        paste: inApp(facts.directory, `php artisan queue:retry ${job.failedIds.join(' ')}`),
        into: 'shell',
      },
      timings,
    }
  }
  const by = driver === 'sync' ? 'without a worker (sync)' : `by ${name}`
  return ok(`A queued event arrived ${by} in ${timings['worker']} ms.`, { evidence, timings })
}
