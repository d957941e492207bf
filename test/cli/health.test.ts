import { describe, expect, it } from 'vitest'
import { HealthReport } from '../../src/cli/documents/health.ts'
import { createAuthority, createCertificate } from '../support/certificate.ts'
import { type Outcome, resound, StartedServer } from '../support/command.ts'
import { Directory } from '../support/directory.ts'
import { eventually } from '../support/eventually.ts'
import { resoundOnTerminal } from '../support/pseudo-terminal.ts'
import { Sockets, STARTED_APP } from '../support/pusher-sockets.ts'
import { startRedis } from '../support/redis.ts'
import { statusOf } from '../support/status.ts'

/** On this signal a process does nothing else for a minute. */
const BLOCKING = `data:text/javascript,${encodeURIComponent(
  "process.on('SIGWINCH', () => { const end = Date.now() + 60_000; while (Date.now() < end); })",
)}`

/** What is not about time has enough of it. */
const PATIENT = ['--warn-ms', '20000', '--crit-ms', '20000']

const started = (environment: Record<string, string> = {}, ...args: string[]) =>
  StartedServer.start(args, { environment: { ...STARTED_APP, ...environment } })

const reportOf = ({ stdout }: Outcome) => JSON.parse(stdout)

/** What `/health` answers. */
const ask = async (server: StartedServer, query = 'warn_ms=20000&crit_ms=20000') => {
  const response = await fetch(`${server.admin}/health?${query}`)
  return { status: response.status, ...HealthReport.parse(await response.json()) }
}

describe('resound health', () => {
  it('is ok where an event comes back, and says how long each leg took', async () => {
    await using server = await started()
    const { code, stdout, stderr } = await server.command('health', ...PATIENT)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(
      /^\+ ok: An event came back over a WebSocket in [\d.]+ ms\.\n {2}connect [\d.]+ ms, subscribe [\d.]+ ms, publish [\d.]+ ms, delivery [\d.]+ ms\n$/,
    )
    const nagios = await server.command(
      'health',
      '--format',
      'nagios',
      '--warn-ms',
      '9500',
      '--crit-ms',
      '20000',
    )
    expect(nagios.stdout).toMatch(
      /^RESOUND OK - [^|\n]+ \| time=[\d.]+s;9\.5;20;0 connect=[\d.]+s;;;0 subscribe=[\d.]+s;;;0 publish=[\d.]+s;;;0 delivery=[\d.]+s;;;0\n$/,
    )
    expect(await ask(server)).toMatchObject({
      status: 200,
      outcome: 'ok',
      cause: null,
      processes: [{ pid: server.pid, outcome: 'ok' }],
    })
  })

  it('warns of what is slower than --warn-ms allows', async () => {
    await using server = await started()
    const outcome = await server.command('health', '--json', '--warn-ms', '1', '--crit-ms', '20000')
    expect(outcome.code).toBe(1)
    expect(reportOf(outcome)).toMatchObject({ outcome: 'warning', cause: 'slow', warnMs: 1 })
  })

  it('warns that the app is full, and takes nobody its place', async () => {
    await using server = await started({ RESOUND_APP_MAX_CONNECTIONS: '2' })
    using _sockets = await Sockets.open(server.port, 2)
    const report = await ask(server)
    expect(report).toMatchObject({ status: 200, outcome: 'warning', cause: 'full' })
    expect(report.reason).toMatch(/^The app is full\. .*maxConnections/)
  })

  it('warns that no app is enabled', async () => {
    await using server = await started({ RESOUND_APP_ENABLED: 'false' })
    expect(await ask(server)).toMatchObject({ status: 200, outcome: 'warning', cause: 'no-app' })
  })

  it('goes by TLS, whatever name the certificate has', async () => {
    using directory = new Directory()
    const { cert, key } = createCertificate(directory)
    await using server = await started({
      RESOUND_TLS_CERT: cert,
      RESOUND_TLS_KEY: key,
      RESOUND_PATH_PREFIX: '/ws',
    })
    expect(await ask(server)).toMatchObject({ status: 200, outcome: 'ok' })
  })
})

describe('resound health is critical', () => {
  it('where no server answers', async () => {
    using directory = new Directory()
    const outcome = await resound(['health', '--format', 'nagios'], { directory: directory.path })
    expect(outcome).toMatchObject({ code: 2, stderr: '' })
    expect(outcome.stdout).toMatch(
      /^RESOUND CRITICAL - No server of this configuration answers at .* \| time=U;0\.5;2;0 connect=U/,
    )
  })

  it('while the event loop of the server is blocked', async () => {
    await using server = await started({ NODE_OPTIONS: `--import ${BLOCKING}` })
    process.kill(server.pid ?? 0, 'SIGWINCH')
    const outcome = await server.command('health', '--json', '--warn-ms', '300', '--crit-ms', '300')
    expect(outcome.code).toBe(2)
    expect(reportOf(outcome)).toMatchObject({ outcome: 'critical', cause: 'unreachable' })
  })

  it('where the port is closed, though the process is there', async () => {
    await using server = await started({
      RESOUND_DRAIN_CLOSES_PER_SECOND: '1',
      RESOUND_DRAIN_WINDOW_SECONDS: '3600',
    })
    using _sockets = await Sockets.open(server.port, 20)
    server.signal('SIGTERM')
    await eventually(async () => {
      const report = await ask(server)
      expect(report).toMatchObject({ status: 503, cause: 'unreachable' })
      expect(report.reason).toMatch(/ECONNREFUSED.* Not ready: draining\.$/)
    })
  })

  it('where one worker of two is stopped, which is named', async () => {
    await using redis = await startRedis()
    await using server = await started({ RESOUND_REDIS_URL: redis.url }, '--workers', '2')
    const [first] = (await statusOf(server)).processes
    if (first === undefined) throw new Error('two workers')
    const well = await ask(server)
    expect(well).toMatchObject({ status: 200, outcome: 'ok' })
    expect(well.processes).toHaveLength(2)
    process.kill(first.pid, 'SIGSTOP')
    const stopped = await ask(server, 'warn_ms=500&crit_ms=500')
    process.kill(first.pid, 'SIGCONT')
    expect(stopped).toMatchObject({ status: 503, outcome: 'critical', cause: 'silent' })
    expect(stopped.reason).toBe(`Process ${first.pid} does not answer within 500 ms.`)
    await eventually(async () => expect(await ask(server)).toMatchObject({ status: 200 }))
  })

  it('where Redis is away, unless that is not what is asked', async () => {
    await using redis = await startRedis()
    await using server = await started({ RESOUND_REDIS_URL: redis.url })
    expect(await ask(server)).toMatchObject({ status: 200 })
    await redis.stop()
    await eventually(async () => {
      const report = await ask(server)
      expect(report).toMatchObject({ status: 503, cause: 'redis' })
      expect(report.reason).toMatch(/^The HTTP API answers 503: .*Redis does not answer/)
    })
    const ignoring = 'ignore=redis&warn_ms=20000&crit_ms=20000'
    expect(await ask(server, ignoring)).toMatchObject({ status: 200, cause: 'redis' })
    await redis.start()
    await eventually(async () => expect(await ask(server)).toMatchObject({ status: 200 }))
  })
})

const CREDENTIALS = ['--app-id', '1', '--key', 'key', '--secret', 'hidden-secret']

describe('resound health --url', () => {
  const at = (url: string, ...more: string[]) =>
    resound(['health', '--format', 'json', ...PATIENT, '--url', url, ...more])

  it('goes by the address that is named, as the app that is named', async () => {
    await using server = await started()
    const url = `ws://127.0.0.1:${server.port}`
    expect(await at(url, ...CREDENTIALS)).toMatchObject({ code: 0, stderr: '' })
    const [, , ...wrong] = CREDENTIALS
    const otherId = await at(url, '--app-id', '2', ...wrong)
    expect(otherId.code).toBe(2)
    expect(reportOf(otherId).reason).toMatch(/^The HTTP API answers 404: No app has this id/)
    const otherKey = await at(url, '--app-id', '1', '--key', 'x', '--secret', 'y')
    expect(otherKey.code).toBe(2)
    expect(reportOf(otherKey)).toMatchObject({ cause: 'no-app' })
  })

  it('takes the app of the configuration where none is named', async () => {
    await using server = await started()
    const url = `http://127.0.0.1:${server.port}/`
    const outcome = await server.command('health', ...PATIENT, '--url', url)
    expect(outcome).toMatchObject({ code: 0 })
  })

  it('checks the certificate, unless it is told not to', async () => {
    using directory = new Directory()
    const { ca, server: tls } = createAuthority(directory)
    await using server = await started({ RESOUND_TLS_CERT: tls.cert, RESOUND_TLS_KEY: tls.key })
    const url = `wss://127.0.0.1:${server.port}`
    const refused = await at(url, ...CREDENTIALS)
    expect(refused.code).toBe(2)
    expect(reportOf(refused).reason).toMatch(/^No WebSocket could be opened: .*certificate/)
    expect(await at(url, '--ca', ca, ...CREDENTIALS)).toMatchObject({ code: 0 })
    expect(await at(url, '--insecure', ...CREDENTIALS)).toMatchObject({ code: 0 })
  })

  it('is critical where nobody listens, or no WebSocket is spoken', async () => {
    await using server = await started()
    const closed = await at('ws://127.0.0.1:1', ...CREDENTIALS)
    expect(reportOf(closed)).toMatchObject({ outcome: 'critical', cause: 'unreachable' })
    const http = await at(server.admin.replace('http', 'ws'), ...CREDENTIALS)
    expect(reportOf(http)).toMatchObject({ outcome: 'critical', cause: 'unreachable' })
    expect(reportOf(http).reason).toMatch(/Unexpected server response: 404/)
    const plain = await at(`wss://127.0.0.1:${server.port}`, ...CREDENTIALS)
    expect(reportOf(plain).reason).toBe(
      'No WebSocket could be opened: TLS is not spoken there; without it the URL begins with ws:// or http://.',
    )
  })
})

describe('resound health cannot judge', () => {
  it.each([
    ['an option that there is not', ['--frobnicate']],
    ['a warning beyond what is critical', ['--warn-ms', '300', '--crit-ms', '200']],
    ['half of the credentials', ['--url', 'ws://127.0.0.1:1', '--key', 'key']],
    [
      'a file without certificates',
      ['--url', 'wss://127.0.0.1:1', '--ca', import.meta.filename, ...CREDENTIALS],
    ],
    ['an admin port that is no URL', ['--admin-url', 'junk']],
    ['a configuration that is refused', ['--config', 'none.json']],
  ])('%s: it ends with 3', async (_what, args) => {
    using directory = new Directory()
    expect(await resound(['health', ...args], { directory: directory.path })).toMatchObject({
      code: 3,
    })
  })
})

it('resound health fits a narrow terminal', async () => {
  await using server = await started()
  for (const columns of [40, 80]) {
    const words = ['health', ...PATIENT, '--admin-url', server.admin]
    const environment = { LANG: 'en_GB.UTF-8', NO_COLOR: '1' }
    const { code, shown } = await resoundOnTerminal(words, columns, { environment })
    expect({ code, begins: shown.slice(0, 5) }).toEqual({ code: 0, begins: '✓ ok:' })
    for (const line of shown.split('\n')) expect(line.length).toBeLessThanOrEqual(columns)
  }
})

it('many who ask at once share one event', async () => {
  await using server = await started()
  const answers = await Promise.all(Array.from({ length: 30 }, () => ask(server)))
  expect(new Set(answers.map(({ at }) => at)).size).toBeLessThanOrEqual(2)
})
