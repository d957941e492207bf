import { once } from 'node:events'
import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { resound, StartedServer } from '../support/command.ts'
import { Directory } from '../support/directory.ts'
import { greeting, Sockets, STARTED_APP } from '../support/pusher-sockets.ts'
import { statusOf } from '../support/status.ts'

const ESTABLISHED = { event: 'pusher:connection_established' }
const TOKEN = 'a-token-of-sixteen'
const SLOW = { RESOUND_DRAIN_CLOSES_PER_SECOND: '1', RESOUND_DRAIN_WINDOW_SECONDS: '3600' }

const config = (key: string, more = {}) => ({ apps: [{ id: '1', key, secret: 's' }], ...more })

describe.each(['stop', 'drain'])('resound %s', (command) => {
  it('lets connections go, and returns when the process has ended', async () => {
    await using server = await StartedServer.start([], { environment: STARTED_APP })
    using sockets = await Sockets.open(server.port, 3)
    const { code, stdout, stderr } = await server.command(command)
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: `Waiting for process ${server.pid} to end\n`,
    })
    expect(stdout).toMatch(new RegExp(`^Process ${server.pid} has ended after [\\d.]+ s\n$`))
    expect(await server.exit()).toBe(0)
    await sockets.closed
    expect(sockets.codes).toEqual([4200, 4200, 4200])
  })

  it('ends at once with --now', async () => {
    const environment = { ...STARTED_APP, ...SLOW }
    await using server = await StartedServer.start([], { environment })
    using sockets = await Sockets.open(server.port, 100)
    expect(await server.command(command, '--now', '--json')).toMatchObject({ code: 0 })
    expect(await server.exit()).toBe(0)
    await sockets.closed
    expect(sockets.codes).toEqual(Array(100).fill(4200))
  })
})

describe('resound reload', () => {
  it('takes over what can change, in every generation, and names what needs more', async () => {
    using directory = new Directory({ 'resound.json': config('old') })
    await using server = await StartedServer.start(['--config', 'resound.json'], {
      directory: directory.path,
    })
    directory.write('resound.json', config('new', { pathPrefix: '/ws', admin: { port: 1 } }))
    const outcome = await server.command('reload')
    expect(outcome).toEqual({
      code: 0,
      stdout: 'The configuration is in effect\nTaken over by resound restart only: pathPrefix\n',
      stderr: '',
    })
    expect(await greeting(server.port, 'new')).toMatchObject(ESTABLISHED)
    directory.write('resound.json', config('newer'))
    await server.command('restart')
    expect(await greeting(server.port, 'newer')).toMatchObject(ESTABLISHED)
    directory.write('resound.json', config('newest'))
    expect(JSON.parse((await server.command('reload', '--json')).stdout)).toEqual({
      schema: 'resound.reload/1',
      restart: [],
      start: [],
    })
    expect(await greeting(server.port, 'newest')).toMatchObject(ESTABLISHED)
  })

  it.each([
    ['has an unknown key', { ...config('new'), prot: 1 }, /resound\.json:1:\d+: prot is not/],
    ['is no JSON', '{ "apps": [', /resound\.json:1:/],
  ])('changes nothing where the configuration %s, and ends with 78', async (_w, next, text) => {
    using directory = new Directory({ 'resound.json': config('old') })
    await using server = await StartedServer.start(['--config', 'resound.json'], {
      directory: directory.path,
    })
    directory.write('resound.json', next)
    const outcome = await server.command('reload')
    expect(outcome).toMatchObject({ code: 78, stdout: '' })
    expect(outcome.stderr).toMatch(text)
    expect(outcome.stderr).toContain('\nRESOUND_CONFIG_INVALID: ')
    expect(await greeting(server.port, 'old')).toMatchObject(ESTABLISHED)
    expect(await server.command('stop')).toMatchObject({ code: 0 }) // which needs no configuration
  })
})

describe('resound status', () => {
  it('shows one screen', async () => {
    await using server = await StartedServer.start([], { environment: STARTED_APP })
    using _sockets = await Sockets.open(server.port, 2)
    const { code, stdout, stderr } = await server.command('status')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const text of [
      /^Resound \S+\n\n {2}Ready {9}\+ ok: serving\n/,
      new RegExp(`\n  Up {12}\\d+ s, process ${server.pid}\n`),
      /\n {2}Generation {4}1-[\da-f]{8}, since /,
      new RegExp(`\n  Listening {5}http://0\\.0\\.0\\.0:${server.port}\n`),
      /\n {2}Workers {7}1 of 1 serving\n/,
      /\n {2}Connections {3}2 of \d+\n/,
      /\n {2}Apps {10}1 from config, 0 from postgres\n/,
      /\n {2}Last restart {2}none since the start\n/,
      new RegExp(`\n  ${server.pid} +serving +2 of `),
    ]) {
      expect(stdout).toMatch(text)
    }
    expect(stdout).not.toContain('hidden')
  })

  it('prints a document for programs', async () => {
    await using server = await StartedServer.start([], { environment: STARTED_APP })
    const { stdout } = await server.command('status', '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'resound.status/1',
      pid: server.pid,
      ready: true,
      generation: { number: 1 },
      workers: { wanted: 1, serving: 1, respawns: 0, lastEnding: null },
      processes: [
        {
          pid: server.pid,
          state: 'serving',
          connections: { open: 0, limit: expect.any(Number) },
          openFiles: { open: expect.any(Number), limit: expect.any(Number) },
          memory: { residentBytes: expect.any(Number) },
          eventLoopDelay: { p99Seconds: expect.any(Number) },
          redis: [],
          apps: { config: 1, postgres: 0 },
          certificateEnd: null,
        },
      ],
      listeners: {
        public: { host: '0.0.0.0', port: server.port, tls: false },
        admin: { host: '127.0.0.1' },
        socket: expect.stringMatching(/\.sock$/),
      },
      lastRestart: null,
    })
  })

  it('without a server ends with 69', async () => {
    using directory = new Directory()
    const outcome = await resound(['status'], {
      directory: directory.path,
      environment: { ...STARTED_APP, RESOUND_ADMIN_PORT: '0', XDG_RUNTIME_DIR: directory.path },
    })
    expect(outcome).toMatchObject({ code: 69, stdout: '' })
    expect(outcome.stderr).toContain('\nRESOUND_SERVER_UNREACHABLE: ')
  })
})

describe('two servers on one host', () => {
  it('are told apart by their configuration', async () => {
    using one = new Directory({ 'resound.json': config('one') })
    using other = new Directory({ 'resound.json': config('other') })
    using runtime = new Directory()
    const start = ({ path: directory }: Directory) =>
      StartedServer.start(['--config', 'resound.json'], {
        directory,
        environment: { XDG_RUNTIME_DIR: runtime.path },
      })
    await using first = await start(one)
    await using second = await start(other)
    expect((await statusOf(first)).pid).toBe(first.pid)
    expect((await statusOf(second)).pid).toBe(second.pid)
    expect(await first.command('stop')).toMatchObject({ code: 0 })
    expect((await statusOf(second)).pid).toBe(second.pid)
  })

  it('are told apart by the working directory, or the port, where there is no file', async () => {
    using one = new Directory()
    using other = new Directory()
    using runtime = new Directory()
    const surroundings = { environment: { ...STARTED_APP, XDG_RUNTIME_DIR: runtime.path } }
    await using first = await StartedServer.start([], { directory: one.path, ...surroundings })
    await using second = await StartedServer.start([], { directory: other.path, ...surroundings })
    expect((await statusOf(first)).pid).toBe(first.pid)
    expect((await statusOf(second)).pid).toBe(second.pid)
    const elsewhere = await resound(['status'], {
      directory: one.path,
      environment: { ...surroundings.environment, RESOUND_PORT: '1', RESOUND_ADMIN_PORT: '0' },
    })
    expect(elsewhere).toMatchObject({ code: 69, stdout: '' })
  })

  it('do not share a socket that both configurations name, nor answer for each other there', async () => {
    using directory = new Directory()
    const admin = { port: 0, socket: directory.file('own.sock') }
    directory.write('one.json', config('one', { admin }))
    directory.write('other.json', config('other', { admin }))
    const surroundings = { directory: directory.path, environment: { RESOUND_PORT: '0' } }
    await using server = await StartedServer.start(['--config', 'one.json'], surroundings)
    const second = await resound(['start', '--config', 'other.json'], surroundings)
    expect(second).toMatchObject({ code: 1, stdout: '' })
    expect(second.stderr).toContain('own.sock: another server listens on it.\n')
    const stopped = await resound(['stop', '--config', 'other.json'], surroundings)
    expect(stopped).toMatchObject({ code: 69, stdout: '' })
    expect(stopped.stderr).toContain(
      `it was started with --config ${directory.file('one.json')}, not with ${directory.file('other.json')}.\n`,
    )
    const environment = { RESOUND_PORT: '1', RESOUND_ADMIN_SOCKET: admin.socket }
    const ofAnotherPort = await resound(['stop'], { directory: directory.path, environment })
    expect(ofAnotherPort).toMatchObject({ code: 69, stdout: '' })
    expect(ofAnotherPort.stderr).toContain('it was started with RESOUND_PORT=0, not 1.\n')
    expect((await statusOf(server)).pid).toBe(server.pid)
  })

  it('do not answer for each other on the admin port', async () => {
    using directory = new Directory()
    await using server = await StartedServer.start([], { environment: STARTED_APP })
    const outcome = await resound(['stop'], {
      directory: directory.path,
      environment: {
        ...STARTED_APP,
        RESOUND_ADMIN_PORT: new URL(server.admin).port,
        XDG_RUNTIME_DIR: directory.path,
      },
    })
    expect(outcome).toMatchObject({ code: 69, stdout: '' })
    expect((await statusOf(server)).pid).toBe(server.pid)
  })
})

describe('the admin socket', () => {
  const runtimeOf = (runtime: Directory) => ({
    environment: { ...STARTED_APP, XDG_RUNTIME_DIR: runtime.path },
  })
  const sockets = (runtime: Directory): readonly string[] => readdirSync(runtime.file('resound'))

  it('is for its owner alone, and gone with the server', async () => {
    using runtime = new Directory()
    await using server = await StartedServer.start([], runtimeOf(runtime))
    const { socket } = (await statusOf(server)).listeners
    expect(path.dirname(socket ?? '')).toBe(runtime.file('resound'))
    expect(statSync(socket ?? '').mode & 0o777).toBe(0o600)
    expect(statSync(runtime.file('resound')).mode & 0o777).toBe(0o700)
    await server.command('stop')
    expect(sockets(runtime)).toEqual([])
  })

  it('takes the place of one that a killed server left', async () => {
    using runtime = new Directory()
    {
      await using killed = await StartedServer.start([], runtimeOf(runtime))
      killed.signal('SIGKILL')
      await killed.exit()
      expect(sockets(runtime)).toHaveLength(1)
    }
    await using server = await StartedServer.start([], runtimeOf(runtime))
    expect((await statusOf(server)).pid).toBe(server.pid)
    expect(sockets(runtime)).toHaveLength(1)
  })

  it('of a server that lives is not taken from it', async () => {
    using runtime = new Directory()
    await using first = await StartedServer.start([], runtimeOf(runtime))
    await using second = await StartedServer.start([], runtimeOf(runtime))
    await second.logged('without an admin socket: commands reach the port only')
    expect((await statusOf(first)).pid).toBe(first.pid)
    second.signal('SIGTERM')
    expect(await second.exit()).toBe(0)
    expect((await statusOf(first)).pid).toBe(first.pid)
  })

  it('is where admin.socket says, and found there with a configuration that is invalid by now', async () => {
    using directory = new Directory()
    const file = directory.file('own.sock')
    directory.write('resound.json', config('key', { admin: { port: 0, socket: file } }))
    await using server = await StartedServer.start(['--config', 'resound.json'], {
      directory: directory.path,
    })
    expect((await statusOf(server)).listeners.socket).toBe(file)
    directory.write('resound.json', config('key', { admin: { port: 0, socket: file }, prot: 1 }))
    expect((await statusOf(server)).pid).toBe(server.pid)
  })

  it('is there before the port is', async () => {
    using directory = new Directory()
    await using port = createServer().listen(0, '127.0.0.1')
    await once(port, 'listening')
    const { stderr } = await resound(['start'], {
      directory: directory.path,
      environment: {
        ...STARTED_APP,
        RESOUND_PORT: '0',
        RESOUND_ADMIN_PORT: String((port.address() as AddressInfo).port),
        RESOUND_ADMIN_SOCKET: directory.file('missing/own.sock'),
      },
    })
    expect(stderr).toContain('\nRESOUND_SOCKET_UNUSABLE: ') // and not the other fault
  })

  it('that is asked for and cannot be stops the start', async () => {
    using directory = new Directory()
    const outcome = await resound(['start'], {
      directory: directory.path,
      environment: {
        ...STARTED_APP,
        RESOUND_PORT: '0',
        RESOUND_ADMIN_PORT: '0',
        RESOUND_ADMIN_SOCKET: directory.file('missing/own.sock'),
      },
    })
    expect(outcome).toMatchObject({ code: 1, stdout: '' })
    expect(outcome.stderr).toContain('\nRESOUND_SOCKET_UNUSABLE: ')
  })

  it.each([
    ['file', { 'taken/own.sock': 'mine' }, 'own.sock'],
    ['directory', { 'taken/own.sock/file': 'mine' }, 'own.sock/file'],
  ])(
    'that would take the place of a %s stops the start, and leaves it',
    async (_what, files, kept) => {
      using directory = new Directory(files)
      const outcome = await resound(['start'], {
        directory: directory.path,
        environment: {
          ...STARTED_APP,
          RESOUND_PORT: '0',
          RESOUND_ADMIN_PORT: '0',
          RESOUND_ADMIN_SOCKET: directory.file('taken/own.sock'),
        },
      })
      expect(outcome).toMatchObject({ code: 78, stdout: '' })
      expect(outcome.stderr).toContain('there is something else than a socket, and it stays.\n')
      expect(directory.read(`taken/${kept}`)).toBe('mine')
    },
  )

  it('is not made in a directory that others may write to', async () => {
    using runtime = new Directory()
    mkdirSync(runtime.file('resound'))
    chmodSync(runtime.file('resound'), 0o777)
    await using server = await StartedServer.start([], runtimeOf(runtime))
    expect(sockets(runtime)).toEqual([])
    server.signal('SIGTERM')
    expect(await server.exit()).toBe(0)
  })
})

describe('--admin-url', () => {
  it('reaches a server from elsewhere with the token alone', async () => {
    using elsewhere = new Directory()
    const environment = { ...STARTED_APP, RESOUND_ADMIN_TOKEN: TOKEN }
    await using server = await StartedServer.start([], { environment })
    const from = (token: string | undefined) =>
      resound(['status', '--json', '--admin-url', server.admin], {
        directory: elsewhere.path,
        environment: { RESOUND_ADMIN_TOKEN: token },
      })
    expect(JSON.parse((await from(TOKEN)).stdout).pid).toBe(server.pid)
    for (const wrong of ['another-token-of-it', undefined]) {
      const refused = await from(wrong)
      expect(refused).toMatchObject({ code: 1, stdout: '' })
      expect(refused.stderr).toContain('Send the admin token as a bearer token.')
    }
    const { code } = await resound(['restart', '--admin-url', server.admin], {
      directory: elsewhere.path,
      environment: { RESOUND_ADMIN_TOKEN: TOKEN },
    })
    expect(code).toBe(0)
  })

  it('that is no URL is wrong usage', async () => {
    const outcome = await resound(['status', '--admin-url', 'junk'])
    expect(outcome).toMatchObject({ code: 2, stdout: '' })
    expect(outcome.stderr).toContain('It is an http:// or https:// URL.')
  })

  it('changes nothing without a token: any user of the host, and any page, could ask', async () => {
    await using server = await StartedServer.start([], { environment: STARTED_APP })
    for (const path of ['reload', 'restart', 'drain?now=1']) {
      const answer = await fetch(`${server.admin}/${path}`, { method: 'POST' })
      expect(answer.status).toBe(403)
      expect(await answer.json()).toMatchObject({
        error:
          'This takes admin.token, or the key that resound console shows, on the admin port; the admin socket takes neither.',
      })
    }
    const { code, stderr } = await resound(['stop', '--admin-url', server.admin])
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('admin.token') })
    expect((await statusOf(server)).pid).toBe(server.pid)
  })
})
