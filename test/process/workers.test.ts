import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resound, StartedServer } from '../support/command.ts'
import { eventually } from '../support/eventually.ts'
import { greeting, Sockets, STARTED_APP } from '../support/pusher-sockets.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { isRunning, statusOf } from '../support/status.ts'

let redis: TestRedis

beforeAll(async () => {
  redis = await startRedis()
})

afterAll(() => redis[Symbol.asyncDispose]())

const workers = (count = 2): Promise<StartedServer> =>
  StartedServer.start(['--workers', String(count)], {
    environment: { ...STARTED_APP, RESOUND_REDIS_URL: redis.url },
  })

/** The value of a metric, all labels added up. */
async function metric(server: StartedServer, name: string): Promise<number> {
  const text = await (await fetch(`${server.admin}/metrics`)).text()
  const values = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))]
  return values.reduce((sum, [, value]) => sum + Number(value), 0)
}

describe('several workers', () => {
  it('share the port, and are asked as one', async () => {
    await using server = await workers()
    using sockets = await Sockets.open(server.port, 40)
    const status = await statusOf(server)
    expect(status.workers).toMatchObject({ wanted: 2, serving: 2 })
    expect(status.processes).toHaveLength(2)
    expect(status.processes.map(({ pid }) => pid)).not.toContain(server.pid)
    expect(status.connections.open).toBe(40)
    for (const { connections } of status.processes) expect(connections?.open).toBeGreaterThan(0)
    expect(await metric(server, 'resound_connections')).toBe(40)
    expect(await metric(server, 'resound_build_info')).toBe(1)
    const ready = await fetch(`${server.admin}/ready`)
    expect(await ready.json()).toEqual({ ready: true, reason: 'serving' })
    server.signal('SIGTERM')
    await sockets.closed
    expect(new Set(sockets.codes)).toEqual(new Set([4200]))
    expect(await server.exit()).toBe(0)
    for (const { pid } of status.processes) expect(isRunning(pid)).toBe(false)
  })

  it('lose the connections of one that is killed alone, and have another in its place', async () => {
    await using server = await workers()
    using sockets = await Sockets.open(server.port, 40)
    const [first, second] = (await statusOf(server)).processes
    if (first === undefined || second === undefined) throw new Error('two workers')
    const opened = await metric(server, 'resound_connections_opened_total')
    process.kill(first.pid, 'SIGKILL')
    const told = await server.logged('a worker ended; another one takes its place')
    expect(told).toMatchObject({ level: 'error', pid: first.pid, signal: 'SIGKILL' })
    await server.logged('a worker has taken its place')
    expect(sockets.codes).toEqual(Array(first.connections?.open).fill(1006))
    const { workers: after, processes } = await statusOf(server)
    expect(after).toMatchObject({ wanted: 2, serving: 2, respawns: 1 })
    expect(after.lastEnding).toMatchObject({ code: null, signal: 'SIGKILL' })
    expect(processes.map(({ pid }) => pid)).toContain(second.pid)
    expect(processes.map(({ pid }) => pid)).not.toContain(first.pid)
    expect(processes.find(({ pid }) => pid === second.pid)?.connections).toEqual(second.connections)
    // A counter that falls is taken for one that began anew, and its rate for a burst.
    expect(await metric(server, 'resound_connections_opened_total')).toBe(opened)
    expect(await greeting(server.port)).toMatchObject({ event: 'pusher:connection_established' })
  })

  it('say on every one how many of them serve', async () => {
    await using server = await workers()
    const [first] = (await statusOf(server)).processes
    const { port } = server
    process.kill(first?.pid ?? 0, 'SIGKILL')
    await eventually(async () => {
      const ready = await fetch(`http://127.0.0.1:${port}/ready`)
      expect(await ready.json()).toEqual({ ready: true, reason: '1 of 2 workers are serving' })
    })
    await server.logged('a worker has taken its place')
    await eventually(async () => {
      const ready = await fetch(`http://127.0.0.1:${port}/ready`)
      expect(await ready.json()).toEqual({ ready: true, reason: 'serving' })
    })
  })

  it('say everywhere that one of them answers nothing, as soon as it is known', async () => {
    await using server = await workers()
    const [first] = (await statusOf(server)).processes
    if (first === undefined) throw new Error('two workers')
    const ONE = { ready: true, reason: '1 of 2 workers are serving' }
    process.kill(first.pid, 'SIGSTOP')
    try {
      const { ready, reason, workers: counted, processes } = await statusOf(server)
      expect({ ready, reason }).toEqual(ONE)
      expect(counted).toMatchObject({ wanted: 2, serving: 1 })
      expect(processes.map(({ state }) => state).sort()).toEqual(['serving', 'silent'])
      expect(await (await fetch(`${server.admin}/ready`)).json()).toEqual(ONE)
    } finally {
      process.kill(first.pid, 'SIGCONT')
    }
    await eventually(async () =>
      expect((await statusOf(server)).workers).toMatchObject({ wanted: 2, serving: 2 }),
    )
    expect(await (await fetch(`${server.admin}/ready`)).json()).toMatchObject({ reason: 'serving' })
  })

  it('are replaced together by a restart', async () => {
    await using server = await workers()
    const before = (await statusOf(server)).processes.map(({ pid }) => pid)
    const { code, stderr } = await server.command('restart')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    await eventually(async () => {
      const after = (await statusOf(server)).processes
      expect(after.map(({ state }) => state)).toEqual(['serving', 'serving'])
      for (const { pid } of after) expect(before).not.toContain(pid)
    })
  })

  it('end when the process that started them is gone', async () => {
    await using server = await workers()
    const { processes } = await statusOf(server)
    const { port } = server
    server.signal('SIGKILL')
    await eventually(() => {
      expect(processes.filter(({ pid }) => isRunning(pid))).toEqual([])
    })
    const [refused] = await once(connect(port, '127.0.0.1'), 'error')
    expect(refused).toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('need Redis', async () => {
    const outcome = await resound(['start', '--workers', '2'], { environment: STARTED_APP })
    expect(outcome).toMatchObject({ code: 78, stdout: '' })
    expect(outcome.stderr).toContain('--workers: workers above 1 needs redis.url or redis.cluster')
  })

  it('do not start where the port is taken', async () => {
    await using server = await StartedServer.start([], { environment: STARTED_APP })
    const outcome = await resound(['start', '--workers', '2', '--port', String(server.port)], {
      environment: { ...STARTED_APP, RESOUND_REDIS_URL: redis.url, RESOUND_ADMIN_PORT: '0' },
    })
    expect(outcome).toMatchObject({ code: 1, stdout: '' })
    expect(outcome.stderr).toContain('\nRESOUND_PORT_IN_USE: ')
  })
})
