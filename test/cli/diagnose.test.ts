import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DiagnoseDocument, DiagnoseListDocument } from '../../src/cli/documents/diagnose.ts'
import { CHECKS } from '../../src/diagnose/checks.ts'
import { type Outcome, PROGRAM, resound, StartedServer } from '../support/command.ts'
import { Directory } from '../support/directory.ts'

const run = promisify(execFile)
const OWN = 'server,way-in,host,cluster'

describe('every check', () => {
  it.each(CHECKS.map((check) => [check.id, check] as const))(
    '%s has a name and a question',
    (id, check) => {
      expect(id).toMatch(/^[a-z][a-z-]*\.[a-z][a-z0-9-]*$/)
      expect(id.split('.')[0]).toBe(check.area)
      expect(check.question.length).toBeLessThan(76)
      expect(check.question).not.toMatch(/[.?]$/)
      const before = CHECKS.slice(0, CHECKS.indexOf(check)).map((one) => one.id)
      expect(before).toEqual(expect.arrayContaining([...(check.needs ?? [])]))
    },
  )

  it('has an id of its own', () => {
    expect(new Set(CHECKS.map(({ id }) => id)).size).toBe(CHECKS.length)
  })
})

it('lists the checks, all or some', async () => {
  const { code, stdout } = await resound(['diagnose', '--list'])
  expect(code).toBe(0)
  for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
  for (const { id } of CHECKS) expect(stdout).toContain(id)
  const some = await resound([
    'diagnose',
    '--list',
    '--json',
    '--only',
    'way-in.dns,host',
    '--skip',
    'host.memory',
  ])
  const { checks } = DiagnoseListDocument.parse(JSON.parse(some.stdout))
  expect(checks.map(({ id }) => id)).toContain('way-in.dns')
  expect(checks.map(({ id }) => id)).not.toContain('host.memory')
  expect(checks.map(({ id }) => id)).not.toContain('way-in.idle')
})

it.each([
  ['an unknown check', ['--only', 'way-in.dsn'], 'did you mean way-in.dns?'],
  ['an unknown area', ['--skip', 'hosts'], 'did you mean host?'],
  ['an option that there is not', ['--fast'], "unknown option '--fast'"],
  ['a file that cannot be read', ['--token', '@/no/such/file'], '--token: ENOENT'],
  ['a number of bytes below one', ['--event-bytes', '-1'], '--event-bytes is a whole number'],
  ['a certificate that is not there', ['--ca', '/no/such/file'], '--ca: ENOENT'],
  ['a file without a certificate', ['--ca', '/etc/hostname'], 'has no certificate in it (PEM)'],
  ['no channel', ['--channel', 'priv ate!!'], "'priv ate!!' is no name of a channel"],
  ['a public channel', ['--channel', 'orders.1'], 'subscribes to private-orders.1'],
  ['no origin', ['--origin', 'junk'], '--origin is that of a page'],
  ['no number', ['--idle', 'long'], '--idle is a number of seconds'],
  ['a bundle that is there already', ['--bundle', '/dev/null'], '/dev/null is there already'],
])('%s is wrong usage, which a monitor takes for unknown', async (_what, args, text) => {
  const { code, stdout, stderr } = await resound(['diagnose', ...args])
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
  expect(stderr).toContain(text)
})

it('finds nothing to say of a server that was just started, with nothing configured', async () => {
  using directory = new Directory()
  await using server = await StartedServer.start([], { directory: directory.path })
  const { code, stdout } = await server.command('diagnose', '--json')
  const { results } = DiagnoseDocument.parse(JSON.parse(stdout))
  expect(results.filter(({ outcome }) => !['ok', 'skip'].includes(outcome))).toEqual([])
  expect(code).toBe(0)
})

describe('where nothing runs', () => {
  let outcome: Outcome
  beforeAll(async () => {
    using directory = new Directory()
    outcome = await resound(['diagnose', '--only', OWN], {
      directory: directory.path,
      environment: { RESOUND_PORT: '1', RESOUND_ADMIN_PORT: '2', XDG_RUNTIME_DIR: directory.path },
    })
  })

  it('says what was seen, why, and the fix, in 80 columns without colour', () => {
    const { code, stdout } = outcome
    expect(code).toBe(2)
    expect(stdout).not.toContain('\u001b')
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
    expect(stdout).toMatch(/^x critical {2}server\.running$/m)
    expect(stdout).toMatch(/^ {4}Seen: Nobody answers/m)
    expect(stdout).toMatch(/^ {4}Why: {2}It was not started/m)
    expect(stdout).toMatch(/^ {4}Fix: {2}Start it\.$/m)
    expect(stdout).toMatch(/^ {4}Paste into a shell:\n\n {4}resound start$/m)
  })

  it('names once what is not tested for it, and ends with the first broken link', () => {
    const { stdout } = outcome
    expect(stdout.match(/not tested: /g)).toHaveLength(1)
    expect(stdout.replace(/\s+/g, ' ')).toMatch(
      /The first broken link: server\.running: No server of this configuration runs here\. $/,
    )
  })
})

describe('a bundle', () => {
  const SECRETS = {
    app: 'planted-app-secret',
    previous: 'planted-previous-secret',
    redis: 'planted-redis-p%40ssword',
    admin: 'planted-admin-token-0123',
    laravel: 'planted-db-password',
    appKey: 'base64:cGxhbnRlZCBhcHAga2V5IG9mIHRoZSBhcHA=',
    cookie: 'planted-session-value',
    token: 'planted-bearer-token',
    login: 'planted-login-password',
    header: 'planted-webhook-header',
    query: 'planted-query-token',
    path: 'planted-path/of-a-webhook',
  }
  let directory: Directory
  let server: ChildProcessByStdio<null, Readable, null>
  let text: string
  beforeAll(async () => {
    directory = new Directory({
      'resound.json': {
        host: '127.0.0.1',
        port: 0,
        admin: { port: 0, socket: 'admin.sock', token: SECRETS.admin },
        redis: { url: `redis://:${SECRETS.redis}@127.0.0.1:1` },
        apps: [
          {
            id: '1',
            key: 'my-key',
            secret: SECRETS.app,
            previousSecret: SECRETS.previous,
            webhooks: [
              {
                url: `https://hooks.example/services/${SECRETS.path}?token=${SECRETS.query}`,
                headers: { 'X-Key': SECRETS.header },
              },
            ],
          },
        ],
      },
      'app/.env': `APP_KEY=${SECRETS.appKey}\nDB_PASSWORD=${SECRETS.laravel}\nAPP_URL=http://127.0.0.1:1\n`,
      'app/artisan': '',
      token: SECRETS.token,
    })
    // A log of somebody who logs too much, and the server's own after it.
    const log = Object.values(SECRETS).map((secret) => `the value is ${secret} indeed`)
    directory.write('log', `${log.join('\n')}\n`)
    const start = `exec "$0" "$1" start --config resound.json 2>> log`
    const cwd = directory.path
    server = spawn('sh', ['-c', start, process.execPath, PROGRAM], {
      cwd,
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    await once(server.stdout, 'data')
    const bundle = directory.file('bundle.tar.gz')
    const words = [
      ...['diagnose', '--config', 'resound.json', '--only', 'server,host', '--bundle', bundle],
      ...['--laravel', 'app', '--cookie', `laravel_session=${SECRETS.cookie}`],
      ...['--token', '@token', '--login', `ann@example.com:${SECRETS.login}`],
      ...['--url', `ws://u:${SECRETS.login}@127.0.0.1:1`],
    ]
    const outcome = await resound(words, { directory: cwd })
    expect(outcome).toMatchObject({ code: 2, stderr: `Written: ${bundle}\n` })
    text = (await run('tar', ['-xzOf', bundle])).stdout
  })
  afterAll(async () => {
    const ended = once(server, 'exit')
    server.kill('SIGKILL')
    await ended
    directory[Symbol.dispose]()
  })

  it('has what was found and what it was found in', async () => {
    const bundle = directory.file('bundle.tar.gz')
    const { stdout } = await run('tar', ['-tzf', bundle])
    expect(stdout.trim().split('\n')).toEqual([
      'resound/diagnosis.json',
      'resound/status.json',
      'resound/nodes.json',
      'resound/configuration.json',
      'resound/versions.json',
      'resound/metrics.txt',
      'resound/log.txt',
    ])
    const { stdout: found } = await run('tar', ['-xzOf', bundle, 'resound/diagnosis.json'])
    expect(DiagnoseDocument.parse(JSON.parse(found)).firstBroken).toBe('server.redis')
    expect(text).toContain('resound_build_info')
    expect(text).toContain('"apps[0].secret": "********"')
    expect(text).toContain('the value is ******** indeed')
    expect(text).toContain('"msg":"starting"')
  })

  it('has no secret in it', () => {
    for (const secret of Object.values(SECRETS)) {
      expect(text).not.toContain(secret)
      expect(text).not.toContain(decodeURIComponent(secret))
    }
    expect(text).not.toContain('planted')
  })

  it('is readable by its owner alone', () => {
    expect(statSync(directory.file('bundle.tar.gz')).mode & 0o777).toBe(0o600)
  })
})
