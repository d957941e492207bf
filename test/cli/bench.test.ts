/** `resound bench` against real servers, each load as short as it can be. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BenchDocument } from '../../src/cli/documents/bench.ts'
import { createAuthority, createCertificate } from '../support/certificate.ts'
import { type Outcome, PROGRAM, resound, StartedServer } from '../support/command.ts'
import { Directory } from '../support/directory.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { startSoketi } from '../support/soketi.ts'

const APP = {
  RESOUND_APP_ID: '1',
  RESOUND_APP_KEY: 'key',
  RESOUND_APP_SECRET: 'hidden-secret',
} as const
const CREDENTIALS = ['--app-id', '1', '--key', 'key', '--secret', 'hidden-secret'] as const
/** Of a whole load, on a machine that does other things as well. */
const PATIENCE_LONG = 50_000
const TEST_TIMEOUT = { timeout: 60_000 }
const SMALL = ['-c', '20', '--channels', '4', '-d', '1', '--warm-up', '0', '--quiet'] as const

let server: StartedServer
let redis: TestRedis
beforeAll(async () => {
  redis = await startRedis()
  server = await StartedServer.start(['--host', '127.0.0.1'], {
    environment: {
      ...APP,
      RESOUND_PATH_PREFIX: '/live',
      RESOUND_APP_CLIENT_EVENTS: 'true',
      RESOUND_APP_LARAVEL_REDIS_PREFIX: 'shop_',
      RESOUND_APP_LARAVEL_REDIS_URL: `redis://127.0.0.1:${redis.port}`,
    },
  })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await redis[Symbol.asyncDispose]()
})

const address = (): string => `ws://127.0.0.1:${server.port}/live`
const own = (): readonly string[] => ['--url', address(), ...CREDENTIALS]

/** The document of a load on a server, which is this file's own unless it says otherwise. */
async function bench(...args: readonly string[]): Promise<Outcome & { document: BenchDocument }> {
  const target = args.includes('--url') ? [] : own()
  const outcome = await resound(['bench', '--json', ...SMALL, ...target, ...args], {
    patience: PATIENCE_LONG,
  })
  return { ...outcome, document: parsed(outcome) }
}

function parsed({ stdout, stderr }: Outcome): BenchDocument {
  if (stdout === '') throw new Error(stderr)
  return BenchDocument.parse(JSON.parse(stdout))
}

const phaseOf = ({ scenarios }: BenchDocument, name: string) => {
  const phase = scenarios.flatMap(({ phases }) => phases).find((each) => each.phase === name)
  if (phase === undefined) throw new Error(`there is no phase ${name}`)
  return phase
}

describe('a load', TEST_TIMEOUT, () => {
  it('of events over HTTP finds each delivery, and says how long they took', async () => {
    const { code, document } = await bench('--rate', '50')
    expect(code).toBe(0)
    expect(document).toMatchObject({ complete: true, interrupted: false })
    expect(document.asked).toMatchObject({ ratePerSecond: 50, connections: 20, way: 'http' })
    const { latencyMilliseconds: latency, ...published } = phaseOf(document, 'publish')
    expect(published).toMatchObject({
      operations: 50,
      expected: 250,
      happened: 250,
      missed: 0,
      doubled: 0,
      errors: [],
    })
    expect(latency?.p50).toBeGreaterThan(0)
    expect(latency?.p99).toBeGreaterThanOrEqual(latency?.p50 ?? Number.NaN)
    expect(latency?.max).toBeGreaterThanOrEqual(latency?.p99_9 ?? Number.NaN)
  })

  it.each([
    ['batches', ['--via', 'batch'], 'publish', 250],
    ['client events, which their senders do not hear', ['--via', 'client'], 'publish', 200],
    ['two threads, each with channels of its own', ['--threads', '2'], 'publish', 250],
    [
      'three threads that share a channel',
      ['--threads', '3', '--channels', '1', '--warm-up', '1'],
      'publish',
      1000,
    ],
    [
      'client events, heard by other threads as well',
      ['--threads', '3', '--channels', '2', '--via', 'client'],
      'publish',
      450,
    ],
    [
      'subscriptions to private channels',
      ['--scenario', 'subscribe', '--kind', 'private'],
      'subscribe',
      50,
    ],
    ['leaves and joins, told to the others', ['--scenario', 'presence'], 'churn', 200],
  ] as const)('of %s is complete', async (_what, args, phase, happened) => {
    const { code, document } = await bench('--rate', '50', ...args)
    expect(phaseOf(document, phase)).toMatchObject({ operations: 50, happened, errors: [] })
    expect(document.complete).toBe(true)
    expect(code).toBe(0)
  })

  it('of events over Redis goes the way of Laravel', async () => {
    const args = ['--redis-url', `redis://127.0.0.1:${redis.port}`, '--redis-prefix', 'shop_']
    const { document } = await bench('--rate', '50', '--via', 'redis', ...args)
    expect(phaseOf(document, 'publish')).toMatchObject({ operations: 50, happened: 250, missed: 0 })
  })

  it('of events that nobody hears misses every delivery, and fails', async () => {
    const args = ['--redis-url', `redis://127.0.0.1:${redis.port}`, '--redis-prefix', 'other_']
    const { code, document } = await bench('--rate', '10', '--via', 'redis', ...args)
    expect(phaseOf(document, 'publish')).toMatchObject({ expected: 50, happened: 0, missed: 50 })
    expect(document.complete).toBe(false)
    expect(code).toBe(1)
  })

  it('of all scenarios has a part for each', async () => {
    const { code, document } = await bench('--rate', '40', '--scenario', 'all')
    const names = document.scenarios.map(({ scenario }) => scenario)
    expect(names).toEqual(['connect', 'subscribe', 'publish', 'presence'])
    expect(document.complete).toBe(true)
    expect(code).toBe(0)
  })

  it('carries as much as the server takes', async () => {
    const { code, document } = await bench('--rate', '5', '--payload', '102400')
    expect(phaseOf(document, 'publish')).toMatchObject({ happened: 25, missed: 0, errors: [] })
    expect(code).toBe(0)
  })

  it('without a rate goes as fast as deliveries come', async () => {
    const { document } = await bench('--rate', 'max')
    const { operations, expected, happened } = phaseOf(document, 'publish')
    expect(document.asked.ratePerSecond).toBeNull()
    expect(happened).toBe(expected)
    expect(operations).toBeGreaterThan(50)
  })

  it('is put on soketi as well', async () => {
    const port = await freePort()
    await using _soketi = await startSoketi({
      environment: {
        SOKETI_HOST: '127.0.0.1',
        SOKETI_PORT: String(port),
        SOKETI_DEFAULT_APP_ID: '1',
        SOKETI_DEFAULT_APP_KEY: 'key',
        SOKETI_DEFAULT_APP_SECRET: 'hidden-secret',
      },
    })
    const url = `ws://127.0.0.1:${port}`
    const all = ['--scenario', 'all', '--rate', '20', '--kind', 'private']
    const { code, document } = await bench('--url', url, ...CREDENTIALS, ...all)
    expect(document.target.url).toBe(url)
    expect(phaseOf(document, 'publish')).toMatchObject({ operations: 20, happened: 100 })
    expect(phaseOf(document, 'churn')).toMatchObject({ operations: 20, happened: 80, doubled: 0 })
    expect(document.complete).toBe(true)
    expect(code).toBe(0)
  })
})

it('goes over TLS as well, to a server whose certificate is trusted', async () => {
  using directory = new Directory()
  const authority = createAuthority(directory)
  const { cert, key } = authority.server
  await using secure = await StartedServer.start(['--host', '127.0.0.1'], {
    environment: { ...APP, RESOUND_TLS_CERT: cert, RESOUND_TLS_KEY: key },
  })
  const args = ['bench', '--json', ...SMALL, ...CREDENTIALS, '--rate', '10']
  const url = ['--url', `wss://127.0.0.1:${secure.port}`]
  const trusting = { environment: { NODE_EXTRA_CA_CERTS: authority.ca } }
  const { code, stdout } = await resound([...args, ...url], trusting)
  const document = BenchDocument.parse(JSON.parse(stdout))
  expect(phaseOf(document, 'publish')).toMatchObject({ happened: 50, missed: 0 })
  expect(code).toBe(0)

  const distrusting = await resound([...args, ...url])
  expect(distrusting.stderr).toContain('NODE_EXTRA_CA_CERTS')
  expect(distrusting.code).toBe(69)
})

describe('the generator', () => {
  it('says that it was the limit, where it cannot do what is asked', async () => {
    const args = ['--scenario', 'connect', '--rate', '50000', '-c', '1000']
    const { document } = await bench(...args)
    const { limited, reasons } = document.generatorLimited
    expect(limited).toBe(true)
    expect(reasons.map(({ code }) => code)).toContain('schedule')
  })

  it('opens no more connections than its open files allow, and says so', async () => {
    const outcome = await resound(
      ['bench', '--json', ...SMALL, ...own(), '-c', '300', '--rate', '10'],
      { openFiles: 200 },
    )
    const document = parsed(outcome)
    expect(document.asked.connections).toBe(300)
    expect(phaseOf(document, 'connect')).toMatchObject({ operations: 72, errors: [] })
    expect(document.generatorLimited.reasons.map(({ code }) => code)).toContain('open-files')
  })
})

describe('the report for people', () => {
  it('fits 80 columns, and names what was done', async () => {
    const { code, stdout, stderr } = await resound(['bench', ...SMALL, ...own()])
    expect(code).toBe(0)
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^deliveries +500 /m)
    expect(stdout).toContain('nothing failed, was missed or came twice')
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
    expect(stdout).not.toContain('hidden')
  })

  it('says how far it is, on standard error, unless asked to be quiet', async () => {
    const loud = SMALL.filter((arg) => arg !== '--quiet')
    const { stderr } = await resound(['bench', ...loud, ...own()])
    expect(stderr.split('\n')).toEqual([
      'publish, connect: begins',
      'publish, subscribe: begins',
      'publish: begins',
      '',
    ])
  })

  it('is of what was measured until then, when it is interrupted', async () => {
    const loud = SMALL.filter((arg) => arg !== '--quiet')
    const shared = ['--channels', '1', '--threads', '2']
    const args = [PROGRAM, 'bench', '--json', ...loud, ...own(), '-d', '60', ...shared]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const ended = once(child, 'close')
    createInterface(child.stderr).on('line', (line) => {
      if (line === 'publish: begins') child.kill('SIGINT')
    })
    const document = BenchDocument.parse(JSON.parse(await text(child.stdout)))
    expect(await ended).toEqual([130, null])
    expect(document.interrupted).toBe(true)
    const { expected, happened, operations } = phaseOf(document, 'publish')
    expect(happened).toBe(expected)
    expect(operations).toBeLessThan(6000)
  })
})

describe('a server that does not take part', () => {
  it.each([
    ['an unknown key', ['--app-id', '1', '--key', 'other', '--secret', 'x'], 'pusher:error 4001'],
    ['a wrong secret', ['--app-id', '1', '--key', 'key', '--secret', 'x'], 'HTTP 401'],
    [
      'a wrong secret for private channels',
      ['--app-id', '1', '--key', 'key', '--secret', 'x', '--kind', 'private'],
      'a signed subscription',
    ],
    ['an unknown app', ['--app-id', '2', '--key', 'key', '--secret', 'hidden-secret'], 'HTTP 404'],
  ])('refuses %s: it fails, and is told why', async (_what, args, why) => {
    const url = ['--url', address()]
    const { code, stderr } = await resound(['bench', ...SMALL, ...url, ...args])
    expect(stderr).toContain(why)
    expect(stderr).toContain('RESOUND_SERVER_REFUSED: Check --app-id, --key and --secret')
    expect(code).toBe(1)
  })

  it('is not there: 69', async () => {
    const url = `ws://127.0.0.1:${await freePort()}`
    const { code, stderr } = await resound(['bench', '--url', url, ...CREDENTIALS])
    expect(stderr).toContain('No server answers')
    expect(code).toBe(69)
  })

  it('speaks no TLS where it is asked to: 69, in plain words', async () => {
    const url = `wss://127.0.0.1:${server.port}`
    const { code, stderr } = await resound(['bench', '--url', url, ...CREDENTIALS])
    expect(stderr).toContain(': TLS is not spoken there; without it the URL begins with ws://')
    expect(code).toBe(69)
  })

  it('refuses connections above its limit: the rest is measured, and it fails', async () => {
    await using limited = await StartedServer.start(['--host', '127.0.0.1'], {
      environment: { ...APP, RESOUND_APP_MAX_CONNECTIONS: '10' },
    })
    const url = `ws://127.0.0.1:${limited.port}`
    const { code, document } = await bench('--url', url, ...CREDENTIALS, '--rate', '10')
    expect(phaseOf(document, 'connect')).toMatchObject({
      happened: 10,
      errors: [{ kind: 'pusher:error 4004', count: 10 }],
    })
    expect(phaseOf(document, 'publish')).toMatchObject({ operations: 10, missed: 0 })
    expect(code).toBe(1)
  })
})

describe('wrong usage ends with 2', () => {
  it.each([
    ['another machine', ['--url', 'ws://192.0.2.1'], '--yes-remote'],
    ['no URL', ['--url', 'here'], '--url is no'],
    ['a rate of nothing', ['--rate', '0'], 'whole number from 1 to 200000'],
    ['more threads than connections', ['--threads', '21'], 'may not exceed --connections'],
    [
      'threads whose members would meet',
      ['--threads', '5', '--scenario', 'presence'],
      'may not exceed --channels',
    ],
    ['joins that nobody is told of', ['--scenario', 'all', '--channels', '20'], 'nobody is told'],
    ['frames that are too long', ['--via', 'client', '--payload', '60001'], '60000 at most'],
    ['Redis that nobody names', ['--via', 'redis'], '--redis-prefix'],
  ])('for %s', async (_what, args, why) => {
    const { code, stderr } = await resound(['bench', ...SMALL, ...CREDENTIALS, ...args], {
      environment: APP,
    })
    expect(stderr).toContain(why)
    expect(code).toBe(2)
  })
})

it.each([
  ['behind a prefix', '', 'ws', { pathPrefix: '/ws' }],
  ['with a certificate that only it trusts', 'tls', 'wss', {}],
])('finds server and app by the configuration of start: %s', async (_what, tls, scheme, more) => {
  const port = await freePort()
  using directory = new Directory()
  directory.write('resound.json', {
    host: '127.0.0.1',
    port,
    apps: [{ id: '1', key: 'key', secret: 'hidden-secret' }],
    ...(tls === '' ? {} : { tls: createCertificate(directory) }),
    ...more,
  })
  const surroundings = { directory: directory.path, environment: { RESOUND_PORT: undefined } }
  await using _configured = await StartedServer.start(['--config', 'resound.json'], surroundings)
  const { code, stdout, stderr } = await resound(
    ['bench', '--json', ...SMALL, '--rate', '10', '--config', 'resound.json'],
    surroundings,
  )
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const document = BenchDocument.parse(JSON.parse(stdout))
  const url = `${scheme}://127.0.0.1:${port}${'pathPrefix' in more ? more.pathPrefix : ''}`
  expect(document.target).toEqual({ url, app: '1' })
  expect(phaseOf(document, 'publish')).toMatchObject({ missed: 0, errors: [] })
})
