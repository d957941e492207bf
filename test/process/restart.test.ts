import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { StartedServer } from '../support/command.ts'
import { Directory } from '../support/directory.ts'
import { eventually } from '../support/eventually.ts'
import { greeting, Sockets, STARTED_APP } from '../support/pusher-sockets.ts'
import { isRunning, statusOf } from '../support/status.ts'

const ESTABLISHED = { event: 'pusher:connection_established' }

/** Asks for `/up` on a new connection. @returns what became of it */
function dial(port: number): Promise<'answered' | 'refused' | 'reset'> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write('GET /up HTTP/1.1\r\nHost: resound\r\nConnection: close\r\n\r\n')
    })
    socket.once('data', () => {
      socket.destroy()
      resolve('answered')
    })
    socket.once('end', () => resolve('reset'))
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      resolve(code === 'ECONNREFUSED' ? 'refused' : 'reset')
    })
  })
}

/** Dials one after the other, eight at a time, until it is disposed of. */
class Dialler {
  readonly outcomes = { answered: 0, refused: 0, reset: 0 }
  #isOver = false
  readonly #running: Promise<unknown>

  constructor(port: number) {
    const line = async (): Promise<void> => {
      while (!this.#isOver) this.outcomes[await dial(port)] += 1
    }
    this.#running = Promise.all(Array.from({ length: 8 }, line))
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await this.#running
  }
}

describe('a restart', () => {
  it('refuses nobody, however often, and leaves the process that was started', async () => {
    await using server = await StartedServer.start([], { environment: STARTED_APP })
    const { port, pid } = server
    const dialler = new Dialler(port)
    const generations = new Set<string>()
    for (let restart = 0; restart < 3; restart += 1) {
      const { code, stdout, stderr } = await server.command('restart', '--json')
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('redis.url') })
      const { generation, schema } = JSON.parse(stdout)
      expect(schema).toBe('resound.restart/1')
      generations.add(generation)
      expect((await statusOf(server)).generation.id).toBe(generation)
    }
    await dialler.stop()
    expect(generations.size).toBe(3)
    expect(dialler.outcomes).toMatchObject({ refused: 0, answered: expect.any(Number) })
    expect(dialler.outcomes.answered).toBeGreaterThan(100)
    expect(dialler.outcomes.reset).toBeLessThan(dialler.outcomes.answered / 100)
    const { pid: started, processes } = await statusOf(server)
    expect(started).toBe(pid)
    expect(processes.map((one) => one.pid)).not.toContain(pid)
  }, 60_000)

  it('lets the connections of the old one go with 4200, and ends it', async () => {
    await using server = await StartedServer.start([], { environment: STARTED_APP })
    await server.command('restart')
    const [before] = (await statusOf(server)).processes
    using sockets = await Sockets.open(server.port, 5)
    expect(await server.command('restart')).toMatchObject({ code: 0 })
    await sockets.closed
    expect(sockets.codes).toEqual([4200, 4200, 4200, 4200, 4200])
    await eventually(() => expect(isRunning(before?.pid ?? 0)).toBe(false))
    expect(await greeting(server.port)).toMatchObject(ESTABLISHED)
    server.signal('SIGTERM')
    expect(await server.exit()).toBe(0)
  })

  it('reads the configuration again, and takes over what a reload cannot', async () => {
    const config = (more: object) => ({ apps: [{ id: '1', key: 'key', secret: 's' }], ...more })
    using directory = new Directory({ 'resound.json': config({}) })
    await using server = await StartedServer.start(['--config', 'resound.json'], {
      directory: directory.path,
    })
    directory.write('resound.json', config({ pathPrefix: '/ws', log: { format: 'json' } }))
    const { code, stderr } = await server.command('restart')
    expect(code).toBe(0)
    expect(stderr).toContain('Taken over by stop and start only: log.format')
    const up = await fetch(`http://127.0.0.1:${server.port}/ws/apps/1/channels`)
    expect(up.status).toBe(401)
  })

  it('is what SIGUSR2 asks for', async () => {
    await using server = await StartedServer.start([], { environment: STARTED_APP })
    server.signal('SIGUSR2')
    await server.logged('restarted')
    expect((await statusOf(server)).generation.number).toBe(2)
  })

  it('is refused while another is under way', async () => {
    const token = 'a-token-of-sixteen'
    const environment = { ...STARTED_APP, RESOUND_ADMIN_TOKEN: token }
    await using server = await StartedServer.start([], { environment })
    const ask = async () => {
      const headers = { Authorization: `Bearer ${token}` }
      const answer = await fetch(`${server.admin}/restart`, { method: 'POST', headers })
      return { status: answer.status, body: await answer.json() }
    }
    const [first, second] = await Promise.all([ask(), ask()])
    expect([first.status, second.status].sort()).toEqual([200, 409])
    expect([first, second]).toContainEqual({
      status: 409,
      body: { error: 'Another restart is under way.', code: 409, fault: 'RESOUND_SERVER_REFUSED' },
    })
  })
})

describe('a restart that cannot be', () => {
  const config = { apps: [{ id: '1', key: 'key', secret: 's' }] }

  it.each<[what: string, next: (taken: number) => object, code: number, text: string]>([
    ['is refused its configuration', () => ({ ...config, prot: 1 }), 78, 'prot is not an option'],
    ['finds its port taken', (port) => ({ ...config, port }), 1, 'RESOUND_PORT_IN_USE'],
  ])('because the new one %s leaves the old one', async (_what, next, code, text) => {
    using directory = new Directory({ 'resound.json': config })
    await using other = await StartedServer.start([], { environment: STARTED_APP })
    await using server = await StartedServer.start(['--config', 'resound.json'], {
      directory: directory.path,
      environment: { RESOUND_PORT: undefined },
    })
    using sockets = await Sockets.open(server.port, 2)
    directory.write('resound.json', next(other.port))
    const outcome = await server.command('restart')
    expect(outcome).toMatchObject({ code, stdout: '' })
    expect(outcome.stderr).toContain(text)
    const { processes, lastRestart, generation } = await statusOf(server)
    expect(processes).toHaveLength(1)
    expect(processes[0]).toMatchObject({
      pid: server.pid,
      state: 'serving',
      connections: { open: 2 },
    })
    expect(generation.number).toBe(1)
    expect(lastRestart).toMatchObject({ outcome: 'failed', message: expect.any(String) })
    expect(sockets.codes).toEqual([])
    expect(await greeting(server.port)).toMatchObject(ESTABLISHED)
  })
})
