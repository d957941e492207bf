/** Many at once: what Laravel is spared, who waits, and that a place is free again when its client goes. */
import { describe, expect, it } from 'vitest'
import { FAILURES } from '../../src/bridge/outcome.ts'
import { Config } from '../../src/config/schema.ts'
import { ask, countsOf, startBridged } from '../support/bridge.ts'
import { ManualClock } from '../support/clock.ts'
import { metricOf } from '../support/metrics.ts'
import { APP, type TestServer } from '../support/server.ts'
import { TestLog } from '../support/test-log.ts'
import { Upstream } from '../support/upstream.ts'

/** A Laravel app that answers each request when the test says so. */
class Patient implements AsyncDisposable {
  readonly upstream: Upstream
  /** Requests that have come and are not answered. */
  readonly held: (() => void)[] = []
  most = 0

  private constructor(upstream: Upstream) {
    this.upstream = upstream
    upstream.answer = (response) => {
      const answer = (): void => void response.end('true')
      this.held.push(answer)
      this.most = Math.max(this.most, this.held.length)
      response.once('close', () => {
        if (this.held.includes(answer)) this.held.splice(this.held.indexOf(answer), 1)
      })
    }
  }

  static async start(): Promise<Patient> {
    return new Patient(await Upstream.start())
  }

  /** Waits for the next request. */
  async arrived(): Promise<void> {
    await this.upstream.arrivals.next()
  }

  /** Answers the oldest request. */
  answer(): void {
    this.held.shift()?.()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.upstream[Symbol.asyncDispose]()
  }
}

const startNarrow = (
  laravel: Patient,
  authConcurrency: number,
  more: object = {},
): Promise<TestServer> =>
  startBridged(laravel.upstream.url, { app: { laravel: { authConcurrency } }, ...more })

const statuses = async (answers: Promise<Response>[]): Promise<number[]> =>
  (await Promise.all(answers)).map(({ status }) => status).sort()

describe('beyond authConcurrency', () => {
  it('as many requests wait, and the rest are told to try again', async () => {
    await using laravel = await Patient.start()
    await using server = await startNarrow(laravel, 2)
    const { socketId } = await server.connect()
    const answers = Array.from({ length: 300 }, () => ask({ server, socketId }))
    await expect.poll(() => countsOf(server)).toEqual({ busy: 296 })
    await laravel.arrived()
    await laravel.arrived()
    expect(laravel.upstream.asked).toHaveLength(2)
    const refused = await Promise.race(answers)
    expect(refused.headers.get('retry-after')).toBe('1')
    expect(await refused.json()).toEqual({ error: FAILURES.busy.error, code: 503 })

    for (let waiting = 2; waiting > 0; waiting -= 1) {
      laravel.answer()
      await laravel.arrived()
    }
    laravel.answer()
    laravel.answer()
    expect(await statuses(answers)).toEqual([...Array(4).fill(200), ...Array(296).fill(503)])
    expect(laravel.most).toBe(2)
    expect(laravel.upstream.connections).toBe(2)
    expect(countsOf(server)).toEqual({ busy: 296, signed: 4 })
  })

  it('a slow Laravel app is given up after authTimeoutSeconds, by those in line as well', async () => {
    await using laravel = await Patient.start()
    await using server = await startBridged(laravel.upstream.url, {
      app: { laravel: { authConcurrency: 1, authTimeoutSeconds: 1 } },
    })
    const { socketId } = await server.connect()
    const answers = Array.from({ length: 2 }, () => ask({ server, socketId }))
    expect(await statuses(answers)).toEqual([504, 504])
    expect(countsOf(server)).toEqual({ timeout: 2 })
  })
})

describe('a client that goes away', () => {
  it('while Laravel is asked leaves its place to the next, and Laravel sees it go', async () => {
    await using laravel = await Patient.start()
    await using server = await startNarrow(laravel, 1)
    const { socketId } = await server.connect()
    const leaving = new AbortController()
    const gone = ask({ server, socketId, signal: leaving.signal })
    await laravel.arrived()
    leaving.abort()
    await expect(gone).rejects.toThrow()
    await expect.poll(() => countsOf(server)).toEqual({ gone: 1 })
    await expect.poll(() => laravel.held.length).toBe(0)

    const next = ask({ server, socketId })
    await laravel.arrived()
    laravel.answer()
    expect((await next).status).toBe(200)
  })
})

describe('a reload', () => {
  it('with another authUrl lets those asked answer, and asks the other from then on', async () => {
    await using before = await Patient.start()
    await using after = await Upstream.start()
    await using server = await startNarrow(before, 4)
    const { socketId } = await server.connect()
    const early = ask({ server, socketId })
    await before.arrived()
    const { config } = server
    const [app] = config.apps
    if (app === undefined) throw new Error('no app')
    server.server.reload({
      ...config,
      apps: [{ ...app, laravel: { ...app.laravel, authUrl: after.url } }],
    })
    expect((await ask({ server, socketId })).status).toBe(200)
    expect(after.asked).toHaveLength(1)
    before.answer()
    expect((await early).status).toBe(200)
    expect(before.upstream.asked).toHaveLength(1)
  })

  it('that changes something else keeps the connections to Laravel', async () => {
    await using laravel = await Upstream.start()
    await using server = await startBridged(laravel.url)
    const { socketId } = await server.connect()
    await ask({ server, socketId })
    const [app] = server.config.apps
    if (app === undefined) throw new Error('no app')
    server.server.reload({ ...server.config, apps: [{ ...app, clientEvents: true }] })
    await ask({ server, socketId })
    expect(laravel.connections).toBe(1)
  })

  it('that takes the app away and brings it back leaves alone who connects meanwhile', async () => {
    await using laravel = await Patient.start()
    await using server = await startNarrow(laravel, 4)
    const before = await server.connect()
    const early = ask({ server, socketId: before.socketId })
    await laravel.arrived()
    const other = { id: 'other', key: 'other', secret: 's' }
    server.server.reload(Config.parse({ ...server.config, apps: [other] }))
    await before.closed
    server.server.reload(server.config)
    const after = await server.connect()
    await after.subscribe('news')
    laravel.answer()
    await early
    await server.trigger('news', 'e', 1)
    expect(await after.next()).toMatchObject({ event: 'e', data: 1 })
  })

  it('without authUrl turns the bridge off', async () => {
    await using laravel = await Upstream.start()
    await using server = await startBridged(laravel.url)
    const { socketId } = await server.connect()
    const [app] = server.config.apps
    if (app === undefined) throw new Error('no app')
    const { authUrl, ...rest } = app.laravel
    server.server.reload({ ...server.config, apps: [{ ...app, laravel: rest }] })
    const answer = await ask({ server, socketId })
    expect(answer.status).toBe(404)
    expect(await answer.json()).toEqual({ error: FAILURES.off.error, code: 404 })
    expect(authUrl).toBe(laravel.url)
  })
})

it('a server that stops waits for no Laravel app', async () => {
  await using laravel = await Patient.start()
  const server = await startNarrow(laravel, 1)
  const { socketId } = await server.connect()
  const answers = Promise.allSettled([ask({ server, socketId }), ask({ server, socketId })])
  await laravel.arrived()
  await server[Symbol.asyncDispose]()
  await answers
  expect(laravel.held).toEqual([])
})

it('says the same thing once a minute, with how often it was', async () => {
  const log = new TestLog()
  const clock = new ManualClock()
  await using laravel = await Upstream.start({ status: 500 })
  await using server = await startBridged(laravel.url, { logger: log.logger, clock })
  const { socketId } = await server.connect()
  const since = (): unknown[] => log.lines(/the Laravel app failed/).map((line) => line['since'])
  for (let nth = 0; nth < 10; nth += 1) await ask({ server, socketId })
  expect(since()).toEqual([undefined])
  clock.advance(59_999)
  await ask({ server, socketId })
  expect(since()).toEqual([undefined])
  clock.advance(1)
  await ask({ server, socketId })
  expect(since()).toEqual([undefined, 10])

  laravel.answer = { status: 403 }
  await ask({ server, socketId })
  expect(log.lines(/Laravel refuses this/)).toHaveLength(1)
})

it('never logs who asked', async () => {
  const log = new TestLog()
  await using laravel = await Upstream.start({ status: 500, body: 'BODY' })
  await using server = await startBridged(laravel.url, { logger: log.logger })
  const { socketId } = await server.connect()
  const headers = { Cookie: 'laravel_session=COOKIE', Authorization: 'Bearer TOKEN' }
  await ask({
    server,
    socketId,
    headers,
    body: `socket_id=${socketId}&channel_name=private-a&p=FIELD`,
  })
  const [line] = log.lines(/the Laravel app failed/)
  expect(line).toEqual({
    level: 40,
    msg: 'the Laravel app failed',
    appId: APP.id,
    outcome: 'failed',
    url: `${laravel.url}/broadcasting/auth`,
    status: 500,
    channel: 'private-a',
  })
})

it('is counted by outcome, and by what Laravel is answering', async () => {
  await using laravel = await Patient.start()
  await using server = await startNarrow(laravel, 4)
  const { socketId } = await server.connect()
  const answers = [ask({ server, socketId }), ask({ server, socketId, channel: 'orders' })]
  await laravel.arrived()
  expect(await metricOf(server, 'resound_bridge_requests_in_flight')).toBe(1)
  laravel.answer()
  await Promise.all(answers)
  expect(await metricOf(server, 'resound_bridge_requests_in_flight')).toBe(0)
  for (const outcome of ['signed', 'channel']) {
    expect(await metricOf(server, 'resound_bridge_requests_total', { outcome })).toBe(1)
  }
})
