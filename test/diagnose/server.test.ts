import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { APP, critical, diagnosis, fine, found, Setup, warning } from '../support/breakable.ts'
import { resound, StartedServer } from '../support/command.ts'
import { Directory } from '../support/directory.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis } from '../support/redis.ts'

/** Everything but the Laravel app, which is not there. */
const OWN = ['server', 'way-in', 'host', 'cluster']

describe('a server that runs', () => {
  let setup: Setup
  beforeAll(async () => {
    setup = await Setup.start()
  })
  afterAll(() => setup[Symbol.asyncDispose]())

  it('is healthy: exit code 0, and not one warning', async () => {
    const { exit, results } = await setup.diagnose(OWN)
    expect(results.filter(({ outcome }) => !['ok', 'skip'].includes(outcome))).toEqual([])
    expect(exit).toBe(0)
    expect(results.filter(({ outcome }) => outcome === 'ok').map(({ id }) => id)).toEqual([
      'server.running',
      'server.configuration',
      'server.clock',
      'server.ready',
      'way-in.upgrade-local',
      'way-in.tcp',
      'way-in.tls',
      'way-in.upgrade-public',
      'host.open-files',
      'host.memory',
      'host.event-loop',
      'host.runtime',
      'way-in.idle',
    ])
  })

  it('whose key pages do not have is given with the line to paste', async () => {
    const page = (key: string) => ({ url: `ws://127.0.0.1:${setup.server.port}/app/${key}` })
    const broken = await setup.diagnose(['way-in'], page('no-key'))
    expect(found(broken, 'way-in.upgrade-public')).toEqual(critical('wrong-key'))
    const [, key = ''] =
      /^REVERB_APP_KEY=(.+)$/.exec(broken.of('way-in.upgrade-public').fix?.paste ?? '') ?? []
    const built = await setup.diagnose(['way-in.upgrade-public'], page(key))
    expect(found(built, 'way-in.upgrade-public')).toEqual(fine)
  })

  it('whose file has changed since names what has, and the fix takes it over', async () => {
    setup.write({ apps: [{ ...APP, secret: 'another', maxConnections: 7 }] })
    const broken = await setup.diagnose(['server.configuration'])
    expect(found(broken, 'server.configuration')).toEqual(warning('changed-since-start'))
    const { evidence, fix } = broken.of('server.configuration')
    expect(evidence).toEqual(['Other values now: apps[0].secret, apps[0].maxConnections'])
    expect(JSON.stringify(broken)).not.toContain('another')

    expect(fix?.paste).toBe(`resound reload --config ${setup.file}`)
    const [, ...words] = fix?.paste?.split(' ') ?? []
    expect(await resound(words)).toMatchObject({ code: 0 })
    expect(found(await setup.diagnose(['server.configuration']), 'server.configuration')).toEqual(
      fine,
    )
  })

  it('that has other credentials than its file is to read it again', async () => {
    setup.write({ apps: [{ ...APP, secret: 'of-tomorrow' }] })
    const broken = await setup.diagnose(['delivery.http'])
    expect(broken.of('delivery.http')).toMatchObject({
      outcome: 'critical',
      causeId: 'wrong-secret',
    })
    const [, ...words] = broken.of('delivery.http').fix?.paste?.split(' ') ?? []
    expect(await resound(words)).toMatchObject({ code: 0 })
    expect(found(await setup.diagnose(['delivery.http']), 'delivery.http')).toEqual(fine)
  })

  it('whose file has become invalid goes on, and a restart would not', async () => {
    setup.write({ limits: { eventBytes: -1 } })
    const broken = await setup.diagnose(['server.configuration'])
    expect(found(broken, 'server.configuration')).toEqual(critical('refused-now'))
    expect(broken.of('server.configuration').evidence?.join()).toContain('limits.eventBytes')
    setup.write({ limits: {} })
    expect(found(await setup.diagnose(['server.configuration']), 'server.configuration')).toEqual(
      fine,
    )
  })

  it('is not judged by another environment than its own', async () => {
    const { code, stdout } = await setup.server.command(
      'diagnose',
      '--only',
      'server.configuration',
      '--json',
    )
    expect({ code, results: JSON.parse(stdout).firstBroken }).toEqual({ code: 0, results: null })
    const other = await resound(
      ['diagnose', '--config', setup.file, '--only', 'server.configuration', '--json'],
      { environment: { RESOUND_ACTIVITY_TIMEOUT_SECONDS: '60' } },
    )
    expect(other.code).toBe(1)
    expect(JSON.parse(other.stdout).results.at(-1)).toMatchObject({
      causeId: 'other-environment',
      evidence: ['Other values here: activityTimeoutSeconds'],
    })
  })
})

describe('a server that does not run', () => {
  it('is the first broken link, and the pasted command starts it', async () => {
    using directory = new Directory()
    const port = await freePort()
    const file = directory.file('resound.json')
    const admin = { port: 0, socket: directory.file('admin.sock') }
    directory.write('resound.json', { host: '127.0.0.1', port, admin, apps: [APP] })
    const broken = await diagnosis({ config: file }, { only: OWN })
    expect(found(broken, 'server.running')).toEqual(critical('not-running'))
    expect(broken.of('way-in.upgrade-local')).toMatchObject({
      outcome: 'not-tested',
      because: 'server.running',
    })
    const { paste } = broken.of('server.running').fix ?? {}
    expect(paste).toBe(`resound start --config ${file}`)
    const environment = { RESOUND_PORT: String(port) }
    await using _server = await StartedServer.start(paste?.split(' ').slice(2), { environment })
    expect(
      found(await diagnosis({ config: file }, { only: ['server'] }), 'server.running'),
    ).toEqual(fine)
  })

  it('is told from one whose port another program has', async () => {
    const [other, port] = await listenBesideFree()
    using directory = new Directory()
    const admin = { port: 0, socket: directory.file('admin.sock') }
    directory.write('resound.json', { host: '127.0.0.1', port, admin, apps: [APP] })
    const broken = await diagnosis({ config: directory.file('resound.json') }, { only: ['server'] })
    expect(found(broken, 'server.running')).toEqual(critical('port-taken'))
    expect(broken.of('server.running').evidence?.join()).toContain(`pid ${process.pid}`)
    const [name = '', value] = broken.of('server.running').fix?.paste?.split('=') ?? []
    const environment = { [name]: value }
    {
      const config = directory.file('resound.json')
      await using _server = await StartedServer.start(['--config', config], { environment })
      const mended = await diagnosis({ config }, { only: ['server.running'] })
      expect(found(mended, 'server.running')).toEqual(fine)
    }
    other.close()
    await once(other, 'close')
  })

  it('is told from another Resound on its port', async () => {
    await using setup = await Setup.start()
    using directory = new Directory()
    const { port } = setup.server
    const admin = { port: 0, socket: directory.file('admin.sock') }
    directory.write('resound.json', { host: '127.0.0.1', port, admin, apps: [APP] })
    const broken = await diagnosis({ config: directory.file('resound.json') }, { only: ['server'] })
    expect(found(broken, 'server.running')).toEqual(critical('other-server'))
  })

  it('is told from one that would not start', async () => {
    using directory = new Directory({ 'resound.json': { port: 'x' } })
    const broken = await diagnosis({ config: directory.file('resound.json') }, { only: ['server'] })
    expect(found(broken, 'server.running')).toEqual(critical('configuration-refused'))
    expect(broken.of('server.running').evidence?.join()).toContain('port must be')
  })
})

it('a configuration that is told to operators alone is not compared by others', async () => {
  await using setup = await Setup.start()
  const adminUrl = setup.server.admin
  const seen = await setup.diagnose(['server.configuration'], { adminUrl })
  expect(found(seen, 'server.configuration')).toEqual({ ...fine, outcome: 'skip' })
})

it('a server that lets its connections go is not ready, and says so', async () => {
  await using setup = await Setup.start({ drain: { windowSeconds: 120 } })
  const sockets = Array.from(
    { length: 40 },
    () => new WebSocket(`ws://127.0.0.1:${setup.server.port}/app/my-key?protocol=7`),
  )
  await Promise.all(sockets.map((socket) => once(socket, 'message')))
  setup.server.signal('SIGTERM')
  await setup.server.logged('draining; a second signal ends it at once')
  const broken = await setup.diagnose(['server.ready'])
  expect(found(broken, 'server.ready')).toEqual(critical('ending'))
  for (const socket of sockets) socket.terminate()
})

it.each([
  ['SIGSTOP', 'worker-stopped', '-CONT'],
  ['SIGUSR2', 'worker-silent', '-KILL'],
] as const)(
  'a worker that hangs (%s) is named, not what listens on its port',
  async (signal, causeId, word) => {
    await using redis = await startRedis()
    const hang = encodeURIComponent("process.on('SIGUSR2', () => { for (;;); })")
    const environment = { NODE_OPTIONS: `--import=data:text/javascript,${hang}` }
    const config = { workers: 2, redis: { url: redis.url } }
    await using setup = await Setup.start(config, { environment })
    const { stdout } = await setup.server.command('status', '--json')
    const { pid } = JSON.parse(stdout).processes[0]
    process.kill(pid, signal)
    const broken = await setup.diagnose(['server', 'way-in'])
    expect(found(broken, 'server.workers')).toEqual(critical(causeId))
    expect(broken.of('server.workers').summary).toBe(`Worker ${pid} of 2 does not answer.`)
    expect(broken.of('way-in.tls')).toMatchObject({ because: 'server.workers' })
    expect(broken.of('way-in.upgrade-local')).toMatchObject({ because: 'server.workers' })
    const { paste } = broken.of('server.workers').fix ?? {}
    expect(paste).toBe(`kill ${word} ${pid}`)
    process.kill(pid, word.replace('-', 'SIG'))
    await expect
      .poll(async () => found(await setup.diagnose(['server.workers']), 'server.workers'))
      .toEqual(fine)
  },
)

it('clocks that are apart are found, with whose is which', async () => {
  const surroundings = {
    environment: {
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(
        'const now = Date.now; Date.now = () => now() + 900000; const D = Date; globalThis.Date = class extends D { constructor(...a) { a.length === 0 ? super(D.now()) : super(...a) } }',
      )}`,
    },
  }
  await using setup = await Setup.start({}, surroundings)
  const broken = await setup.diagnose(['server.clock'])
  expect(found(broken, 'server.clock')).toEqual(critical('clocks-apart'))
  expect(broken.of('server.clock').summary).toMatch(
    /^The clock of the server is (899|900|901) s ahead of that of this machine\.$/,
  )
  // Which would change this machine.
  expect(broken.of('server.clock').fix?.paste).toBe('timedatectl set-ntp true')
  // An event that is signed here is refused there, whose clock is another.
  const signed = await setup.diagnose(['delivery.http'])
  expect(found(signed, 'delivery.http')).toEqual(critical('clock-skew'))
})

/** A program on a port of which the next one is free, and stays so: the system gives away higher ones. */
async function listenBesideFree(): Promise<readonly [Server, number]> {
  for (let port = 20_000; port < 30_000; port += 2) {
    const [other, next] = [port, port + 1].map((one) =>
      createServer((_, response) => response.end('hello')).listen(one, '127.0.0.1'),
    )
    if (other === undefined || next === undefined) throw new Error('two servers')
    const areFree = await Promise.all([once(other, 'listening'), once(next, 'listening')]).then(
      () => true,
      () => false,
    )
    await new Promise((resolve) => next.close(resolve))
    if (areFree) return [other, port]
    other.close()
  }
  throw new Error('no two ports are free')
}
