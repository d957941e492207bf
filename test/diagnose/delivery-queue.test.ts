import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { exitCodeOf, type Result } from '../../src/diagnose/run.ts'
import { REDIS_PREFIX } from '../support/deployment.ts'
import { Diagnosed } from '../support/diagnosis.ts'
import { freePort } from '../support/free-port.ts'
import { ANN } from '../support/laravel.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { startWorker } from '../support/worker.ts'

/** Started again and again where a job waits in vain for seconds. */
const SLOW = { timeout: 40_000 }

const shell = promisify(execFile)

let redis: TestRedis
let diagnosed: Diagnosed
beforeAll(async () => {
  redis = await startRedis()
  diagnosed = await Diagnosed.start({ lines: [`REDIS_PORT=${redis.port}`, 'CACHE_STORE=file'] })
})
afterAll(async () => {
  await diagnosed[Symbol.asyncDispose]()
  await redis[Symbol.asyncDispose]()
})
beforeEach(() => diagnosed.configure())

const CHOICE = { only: ['delivery.queue'], skip: ['config', 'delivery.php', 'delivery.app-http'] }

async function diagnose(): Promise<Result> {
  const { 'delivery.queue': found } = await diagnosed.diagnose(CHOICE)
  return found as Result
}

const work = (...options: readonly string[]): string =>
  `cd ${diagnosed.laravel.directory} && php artisan queue:work --sleep=0.2 ${options.join(' ')}`

const waiting = (queue: string): Promise<string> =>
  diagnosed.laravel.artisan('queue:monitor', queue)

async function expectHealthy(): Promise<void> {
  const results = await diagnosed.diagnose(CHOICE)
  expect(results['delivery.queue']).toMatchObject({ outcome: 'ok' })
  expect(exitCodeOf(Object.values(results))).toBe(0)
}

/** Runs the worker that is to be pasted, with which it works. */
async function expectMended({ fix }: Result): Promise<void> {
  expect(fix?.into).toBe('shell')
  await using _ = await startWorker(fix?.paste ?? '')
  await expectHealthy()
}

it.each(['redis', 'database'])(
  'no-worker: out of the queue %s the event is taken back',
  SLOW,
  async (connection) => {
    await diagnosed.configure(`QUEUE_CONNECTION=${connection}`)

    const found = await diagnose()

    expect(found).toMatchObject({ outcome: 'critical', causeId: 'no-worker' })
    expect(found.evidence).toContain('the canary job was taken out of the queue again')
    expect(await waiting(`${connection}:default`)).toMatch(/\[0\]/)
    if (connection === 'database') await expectMended(found)
  },
)

it('worker-other-queue: a worker for another queue is seen', SLOW, async () => {
  await using _ = await startWorker(work('--queue=emails'))
  const found = await diagnose()
  expect(found).toMatchObject({ outcome: 'critical', causeId: 'worker-other-queue' })
  expect(found.fix?.paste).toMatch(/queue:work database --queue=default,emails$/)
  await expectMended(found)
})

it('an event that is not queued at all comes through as well', async () => {
  await diagnosed.configure('QUEUE_CONNECTION=sync')
  await expectHealthy()
})

it('null-queue: an app that drops its jobs is told so', async () => {
  await diagnosed.configure('QUEUE_CONNECTION=null')
  const found = await diagnose()
  expect(found).toMatchObject({ outcome: 'critical', causeId: 'null-queue' })
  await diagnosed.configure(found.fix?.paste ?? '')
  await using _ = await startWorker(work())
  await expectHealthy()
})

it(
  'worker-stale: a worker with the configuration of yesterday is to be restarted',
  SLOW,
  async () => {
    await using old = await startWorker(work(), { BROADCAST_CONNECTION: 'log' })
    const found = await diagnose()
    expect(found).toMatchObject({ outcome: 'critical', causeId: 'worker-stale' })
    await shell('sh', ['-c', found.fix?.paste ?? ''])
    await old.ended
    await using _ = await startWorker(work())
    await expectHealthy()
  },
)

it('job-failed: what the worker met is shown, and its trace removed', SLOW, async () => {
  const port = await freePort()
  await using old = await startWorker(work(), { REVERB_PORT: String(port) })
  const found = await diagnose()
  expect(found).toMatchObject({ outcome: 'critical', causeId: 'job-failed' })
  expect(found.evidence?.join('\n')).toMatch(/the job failed: .*BroadcastException/)
  expect(await diagnosed.laravel.artisan('queue:failed')).toMatch(/No failed jobs/)
  await shell('sh', ['-c', found.fix?.paste ?? ''])
  await old.ended
  await using _ = await startWorker(work())
  await expectHealthy()
})

it('job-failing: a job that is tried again later says so, and why', SLOW, async () => {
  const port = await freePort()
  const trying = work('--tries=3', '--backoff=60')
  await using old = await startWorker(trying, { REVERB_PORT: String(port) })
  const found = await diagnose()
  expect(found).toMatchObject({ outcome: 'critical', causeId: 'job-failing' })
  expect(found.evidence).toContain('the canary job was taken out of the queue again')
  await shell('sh', ['-c', found.fix?.paste ?? ''])
  await old.ended
  await using _ = await startWorker(work())
  await expectHealthy()
})

it('failed-broadcasts: events that failed today are a warning', SLOW, async () => {
  const { laravel } = diagnosed
  await laravel.post(`/users/${ANN.id}/reports`, { text: 'lost' })
  await diagnosed.configure(`REVERB_PORT=${await freePort()}`)
  await laravel.artisan('queue:work', '--once')
  await diagnosed.configure()
  await using _ = await startWorker(work())
  const found = await diagnose()
  expect(found).toMatchObject({ outcome: 'warning', causeId: 'failed-broadcasts' })
  await shell('sh', ['-c', found.fix?.paste ?? ''])
  await expectHealthy()
  expect(await laravel.artisan('queue:failed')).toMatch(/No failed jobs/)
})

it('maintenance: workers that pause are not missing', SLOW, async () => {
  await using _ = await startWorker(work())
  await diagnosed.laravel.artisan('down')
  const found = await diagnose()
  expect(found).toMatchObject({ outcome: 'critical', causeId: 'maintenance' })
  await shell('sh', ['-c', found.fix?.paste ?? ''])
  await expectHealthy()
})

it('no-jobs-table: a queue without its table is told so', async () => {
  await diagnosed.configure('DB_QUEUE_TABLE=missing')
  const found = await diagnose()
  expect(found).toMatchObject({ outcome: 'critical', causeId: 'no-jobs-table' })
  await shell('sh', ['-c', found.fix?.paste ?? ''])
  await using _ = await startWorker(work())
  await expectHealthy()
})

it.each(['9', '11'] as const)('Laravel %s queues and sends it as well', SLOW, async (version) => {
  const variable = version === '9' ? 'BROADCAST_DRIVER' : 'BROADCAST_CONNECTION' // Laravel 11 renamed it.
  await using old = await Diagnosed.start({
    version,
    driver: 'redis',
    app: { laravel: { redisUrl: redis.url, redisPrefix: REDIS_PREFIX } },
    values: { REDIS_PORT: redis.port },
    lines: [`${variable}=redis`, `REDIS_PREFIX=${REDIS_PREFIX}`],
  })
  await old.hearsRedis()
  const directory = old.laravel.directory
  await using _ = await startWorker(`cd ${directory} && php artisan queue:work --sleep=0.2`)
  const results = await old.diagnose({ only: ['delivery.queue'], skip: ['config'] })
  expect(results['delivery.redis']).toMatchObject({ outcome: 'ok' })
  expect(results['delivery.queue']).toMatchObject({ outcome: 'ok' })
})
