import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { PROGRAM, resound, StartedServer } from '../support/command.ts'
import { Directory } from '../support/directory.ts'
import { PATIENCE_MILLISECONDS } from '../support/patience.ts'

const APP = {
  RESOUND_APP_ID: '1',
  RESOUND_APP_KEY: 'key',
  RESOUND_APP_SECRET: 'hidden-secret',
} as const

/** The first frame that a connection gets. */
async function greeting(port: number, key: string): Promise<{ event: string; data: unknown }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/app/${key}?protocol=7`)
  const [message] = await once(socket, 'message')
  socket.terminate()
  return JSON.parse(String(message))
}

/** `count` connections; resolves when they are established, with a promise of the codes they are closed with. */
async function connections(port: number, count: number): Promise<{ codes: Promise<number[]> }> {
  const sockets = Array.from(
    { length: count },
    () => new WebSocket(`ws://127.0.0.1:${port}/app/key?protocol=7`),
  )
  await Promise.all(sockets.map((socket) => once(socket, 'message')))
  const closes = sockets.map(async (socket) => Number((await once(socket, 'close'))[0]))
  return { codes: Promise.all(closes) }
}

describe('the start', () => {
  it('prints the ready line alone, and says in the log what was taken from where', async () => {
    using directory = new Directory({ 'resound.json': { log: { level: 'debug' } } })
    await using server = await StartedServer.start(
      ['--config', 'resound.json', '--host', '127.0.0.1'],
      {
        directory: directory.path,
        environment: APP,
      },
    )
    const ready = JSON.parse(server.readyLine)
    expect(ready).toEqual({
      event: 'listening',
      host: '127.0.0.1',
      port: expect.any(Number),
      admin: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      pid: server.pid,
    })
    expect(server.readyLine).toMatch(
      /^\{"event":"listening","host":"127\.0\.0\.1","port":\d+,"admin":/,
    )
    expect(await greeting(ready.port, 'key')).toMatchObject({
      event: 'pusher:connection_established',
    })
    const metrics = await fetch(`http://${ready.admin}/metrics`)
    expect(await metrics.text()).toContain('resound_')
    expect(server.log.filter(({ msg }) => msg === 'starting')).toEqual([
      expect.objectContaining({
        level: 'info',
        config: 'resound.json',
        environment: [
          'RESOUND_ADMIN_PORT',
          'RESOUND_APP_ID',
          'RESOUND_APP_KEY',
          'RESOUND_APP_SECRET',
          'RESOUND_PORT',
        ],
        flags: ['--host'],
        apps: 1,
      }),
    ])
    expect(server.output).not.toContain('hidden')
  })

  it('without any configuration generates an app, and has it again the next time', async () => {
    using directory = new Directory()
    for (let starts = 0; starts < 2; starts++) {
      await using server = await StartedServer.start([], { directory: directory.path })
      const { key, secret } = JSON.parse(directory.read('.resound/app.json'))
      expect(await greeting(server.port, key)).toMatchObject({
        event: 'pusher:connection_established',
      })
      expect(server.log[0]).toMatchObject({ generatedApp: directory.file('.resound/app.json') })
      expect(server.output).not.toContain(secret)
    }
  })

  it('with a Laravel app serves it, and says what it took', async () => {
    using directory = new Directory({
      'app/.env':
        'BROADCAST_CONNECTION=reverb\nREVERB_APP_ID=1\nREVERB_APP_KEY=key\nREVERB_APP_SECRET=hidden\nREVERB_HOST=localhost\nREVERB_PORT=1\nREVERB_SCHEME=http\n',
    })
    const before = directory.read('app/.env')
    await using server = await StartedServer.start(['--laravel', 'app'], {
      directory: directory.path,
    })
    expect(await greeting(server.port, 'key')).toMatchObject({
      event: 'pusher:connection_established',
    })
    expect(server.log).toContainEqual(
      expect.objectContaining({
        level: 'info',
        option: 'apps[0].secret',
        value: '********',
        variable: 'REVERB_APP_SECRET',
        msg: 'taken from the Laravel app',
      }),
    )
    expect(server.output).not.toContain('hidden')
    expect(directory.read('app/.env')).toBe(before)
  })

  it('prints the addresses for people where the log is for people, and no secret off a terminal', async () => {
    using directory = new Directory()
    const args = ['--log-format', 'pretty']
    await using server = await StartedServer.start(args, { directory: directory.path })
    server.signal('SIGTERM')
    expect(await server.exit()).toBe(0)
    expect(server.output).toMatch(
      /^Resound \S+ is listening\n\n {2}WebSocket and HTTP API {2}http:/,
    )
    expect(server.output).toContain(
      `The app's key and secret are in ${directory.file('.resound/app.json')}`,
    )
    expect(server.output).not.toContain(JSON.parse(directory.read('.resound/app.json')).secret)
    expect(server.output).not.toContain('\u001b')
  })

  it('on a terminal prints the block for a Laravel .env, in colour unless NO_COLOR says otherwise', async () => {
    using directory = new Directory()
    const terminal = async (environment: Readonly<Record<string, string>>) => {
      const command = `exec "${process.execPath}" "${PROGRAM}" start`
      const child = spawn('script', ['-qec', command, '/dev/null'], {
        cwd: directory.path,
        env: {
          PATH: process.env['PATH'],
          TERM: 'xterm-256color',
          RESOUND_PORT: '0',
          RESOUND_ADMIN_PORT: '0',
          ...environment,
        },
        stdio: ['pipe', 'pipe', 'inherit'],
        timeout: PATIENCE_MILLISECONDS,
      })
      let output = ''
      child.stdout.setEncoding('utf8').on('data', (part: string) => {
        const isShown = output.includes('VITE_REVERB_SCHEME')
        output += part
        if (!isShown && output.includes('VITE_REVERB_SCHEME')) child.stdin.write('\u0003') // Ctrl-C
      })
      await once(child, 'close')
      return output
    }
    const coloured = await terminal({})
    expect(coloured).toContain('\u001b[1m')
    const { secret } = JSON.parse(directory.read('.resound/app.json'))
    const plain = await terminal({ NO_COLOR: '1' })
    expect(plain).not.toContain('\u001b')
    expect(plain).toContain('BROADCAST_CONNECTION=reverb')
    expect(plain).toContain(`REVERB_APP_SECRET=${secret}`)
  })
})

it.each(['json', 'pretty'])(
  'a log that cannot be written, in %s, does not end the server',
  async (format) => {
    const unwritable = 'exec "$0" "$@" 2</dev/null' // open for reading only
    const server = spawn(
      'sh',
      ['-c', unwritable, process.execPath, PROGRAM, 'start', '--log-format', format],
      {
        env: { ...APP, PATH: process.env['PATH'], RESOUND_PORT: '0', RESOUND_ADMIN_PORT: '0' },
        timeout: PATIENCE_MILLISECONDS,
      },
    )
    const ended = once(server, 'close')
    await once(server.stdout, 'data') // it listens
    server.kill('SIGHUP') // which is logged
    server.kill('SIGTERM')
    await ended
    expect(server.exitCode).toBe(0)
  },
)

describe('a start that cannot be', () => {
  it('ends with 1 where the port is taken', async () => {
    await using server = await StartedServer.start([], { environment: APP })
    const outcome = await resound(['start', '--port', String(server.port)], {
      environment: { ...APP, RESOUND_ADMIN_PORT: '0' },
    })
    expect(outcome).toMatchObject({ code: 1, stdout: '' })
    expect(outcome.stderr).toContain('\nRESOUND_PORT_IN_USE: ')
  })

  it('ends with 1 where the generated app cannot be kept', async () => {
    using directory = new Directory()
    mkdirSync(directory.file('.resound'))
    symlinkSync('nowhere', directory.file('.resound/app.json'))
    const outcome = await resound(['start'], { directory: directory.path })
    expect(outcome).toMatchObject({ code: 1, stdout: '' })
    expect(outcome.stderr).toContain('\nRESOUND_STATE_UNWRITABLE: ')
  })

  it.each([
    ['is not there', 'missing.pem', 'ENOENT: no such file or directory'],
    ['is none', 'cert.pem', 'no start line'],
  ])('ends with 78 and the reason where the certificate %s', async (_what, cert, reason) => {
    using directory = new Directory({ 'cert.pem': 'no certificate', 'key.pem': 'no key' })
    const outcome = await resound(['start', '--port', '0'], {
      directory: directory.path,
      environment: {
        ...APP,
        RESOUND_ADMIN_PORT: '0',
        RESOUND_TLS_CERT: directory.file(cert),
        RESOUND_TLS_KEY: directory.file('key.pem'),
      },
    })
    expect(outcome).toMatchObject({ code: 78, stdout: '' })
    expect(outcome.stderr).toContain(`RESOUND_TLS_CERT: tls.cert and tls.key cannot be used: `)
    expect(outcome.stderr).toContain(reason)
  })

  it('ends with 78 for a flag that is refused', async () => {
    const outcome = await resound(['start', '--port', 'x'], { environment: APP })
    expect(outcome).toMatchObject({ code: 78, stdout: '' })
    expect(outcome.stderr).toContain('--port: port must be a whole number from 0 to 65535, not "x"')
  })
})

describe('a signal', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    '%s lets connections go and ends with 0',
    async (signal) => {
      await using server = await StartedServer.start([], { environment: APP })
      const { codes } = await connections(server.port, 3)
      server.signal(signal)
      expect(await codes).toEqual([4200, 4200, 4200])
      expect(await server.exit()).toBe(0)
      expect(server.log.at(-1)).toMatchObject({ level: 'info', msg: 'stopped' })
    },
  )

  it('that comes a second time ends at once, with 130', async () => {
    const environment = {
      ...APP,
      RESOUND_DRAIN_CLOSES_PER_SECOND: '1',
      RESOUND_DRAIN_WINDOW_SECONDS: '3600',
    }
    await using server = await StartedServer.start([], { environment })
    const { codes } = await connections(server.port, 200)
    server.signal('SIGTERM')
    await server.logged('draining; a second signal ends it at once')
    server.signal('SIGTERM')
    await server.logged('ending at once')
    expect(await codes).toEqual(Array(200).fill(4200))
    expect(await server.exit()).toBe(130)
  })

  it('SIGINT that comes twice at once, as under npm, is one', async () => {
    await using server = await StartedServer.start([], { environment: APP })
    const { codes } = await connections(server.port, 1)
    server.signal('SIGINT')
    await server.logged('draining; a second signal ends it at once')
    server.signal('SIGINT')
    expect(await codes).toEqual([4200])
    expect(await server.exit()).toBe(0)
  })
})

describe('SIGHUP', () => {
  const config = (key: string, more = {}) => ({ apps: [{ id: '1', key, secret: 's' }], ...more })

  it('takes over what can change, and names what needs a restart', async () => {
    using directory = new Directory({ 'resound.json': config('old') })
    const args = ['--config', 'resound.json']
    await using server = await StartedServer.start(args, { directory: directory.path })
    directory.write('resound.json', config('new', { pathPrefix: '/ws', cache: { ttlSeconds: 1 } }))
    server.signal('SIGHUP')
    await server.logged('reloaded')
    const needed = await server.logged('a restart is needed for these options to take effect')
    expect(needed).toMatchObject({ level: 'warn', options: ['pathPrefix', 'cache.ttlSeconds'] })
    expect(await greeting(server.port, 'new')).toMatchObject({
      event: 'pusher:connection_established',
    })
    expect(await greeting(server.port, 'old')).toMatchObject({ event: 'pusher:error' })
  })

  it('says of a Laravel app only what has changed', async () => {
    const dotenv = 'REVERB_APP_ID=1\nREVERB_APP_KEY=key\nREVERB_APP_SECRET=s\nAPP_URL=http://a\n'
    using directory = new Directory({ 'app/.env': dotenv })
    const args = ['--laravel', 'app']
    await using server = await StartedServer.start(args, { directory: directory.path })
    const taken = () => server.log.filter(({ msg }) => msg === 'taken from the Laravel app')
    expect(taken()).toHaveLength(3)
    const before = server.log.length
    directory.write('app/.env', dotenv.replace('KEY=key', 'KEY=other'))
    server.signal('SIGHUP')
    await server.logged('reloaded')
    expect(server.log.slice(before).map(({ msg, value }) => [msg, value])).toEqual([
      ['taken from the Laravel app', 'other'],
      ['reloaded', undefined],
    ])
  })

  it('changes nothing where the configuration is refused', async () => {
    using directory = new Directory({ 'resound.json': config('old') })
    const args = ['--config', 'resound.json']
    await using server = await StartedServer.start(args, { directory: directory.path })
    directory.write('resound.json', config('new', { prot: 1 }))
    server.signal('SIGHUP')
    expect(await server.logged('not reloaded; nothing has changed')).toMatchObject({
      level: 'error',
      problems: [expect.stringMatching(/^resound\.json:1:\d+: prot is not an option/)],
    })
    expect(await greeting(server.port, 'old')).toMatchObject({
      event: 'pusher:connection_established',
    })
    expect(await greeting(server.port, 'new')).toMatchObject({ event: 'pusher:error' })
  })

  it('changes nothing where the generated app has gone: another one would turn everybody away', async () => {
    using directory = new Directory()
    await using server = await StartedServer.start([], { directory: directory.path })
    const { key } = JSON.parse(directory.read('.resound/app.json'))
    rmSync(directory.file('.resound'), { recursive: true })
    server.signal('SIGHUP')
    expect(await server.logged('not reloaded; nothing has changed')).toMatchObject({
      problems: [expect.stringMatching(/app\.json: the generated app is gone, and no other is /)],
    })
    expect(await greeting(server.port, key)).toMatchObject({
      event: 'pusher:connection_established',
    })
  })
})
