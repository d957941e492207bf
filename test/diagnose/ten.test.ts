/**
 * The ten breakages that people meet most, each found as somebody finds it who has read nothing: by the
 * command, in a terminal of 80 columns, over all its checks. With TRANSCRIPTS=FILE what it says is written
 * down, as docs/diagnose.md shows it.
 */
import { appendFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Chain, createChain } from '../support/chain.ts'
import { type Outcome, StartedServer } from '../support/command.ts'
import { Directory } from '../support/directory.ts'
import { freePort } from '../support/free-port.ts'
import { type Laravel, serveLaravel } from '../support/laravel.ts'
import { startNginx } from '../support/nginx.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { startWorker } from '../support/worker.ts'

const PATIENCE = 60_000
const APP = { id: 'my-app', key: 'my-key', secret: '0f3c9d1e5b7a4682c0de9f1a2b3c4d5e' }
const ENV = {
  BROADCAST_CONNECTION: 'reverb',
  REVERB_APP_ID: APP.id,
  REVERB_APP_KEY: APP.key,
  REVERB_APP_SECRET: APP.secret,
  REVERB_HOST: 'localhost',
  REVERB_SCHEME: 'http',
  QUEUE_CONNECTION: 'sync',
}
const UPGRADED = `proxy_http_version 1.1; proxy_set_header Host $http_host;
  proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";`

let laravel: Laravel
let redis: TestRedis
let server: StartedServer
let directory: Directory
let port: number
/** Of nginx, where there is one. */
let proxy: number

/** Writes the app's `.env`: that of a set-up that is well, with other lines in it. */
async function env(other: Readonly<Record<string, string | number>> = {}): Promise<void> {
  const lines = { ...ENV, REVERB_PORT: port, REDIS_PORT: new URL(redis.url).port, ...other }
  await laravel.configure(
    Object.entries(lines)
      .map(([name, value]) => `${name}=${value}`)
      .join('\n'),
  )
}

/** Starts the server in the place of the one that is there. */
async function serve(app: object = {}, openFiles?: number): Promise<void> {
  await server?.[Symbol.asyncDispose]()
  const options = { host: '127.0.0.1', port, admin: { port: 0 }, apps: [{ ...APP, ...app }] }
  directory.write('resound.json', options)
  const environment = { RESOUND_PORT: String(port), LANG: 'C.UTF-8' }
  const config = ['--config', directory.file('resound.json')]
  server = await StartedServer.start(config, {
    environment,
    patience: PATIENCE,
    ...(openFiles === undefined ? {} : { openFiles }),
  })
}

/** Runs `resound diagnose --laravel DIR` to its end. */
const diagnose = (...args: readonly string[]): Promise<Outcome> =>
  server.command('diagnose', '--laravel', laravel.directory, ...args)

/** The broken link by which it ends. Lines fit the terminal, but for what is to be pasted as it is. */
function broken({ code, stdout }: Outcome): { exit: number | null; id: string | undefined } {
  const [, id] = /^The first broken link: ([\w.-]+):/m.exec(stdout) ?? []
  const shown = stdout.replaceAll(/^ {4}Paste into .*\n\n(?: {4}.*\n)+/gm, '')
  for (const line of shown.split('\n')) expect.soft(line.length, line).toBeLessThanOrEqual(80)
  return { exit: code, id }
}

/** Writes down what was said of what is broken, with the names that a reader would have. */
function note(title: string, args: readonly string[], { stdout }: Outcome): void {
  const file = process.env['TRANSCRIPTS']
  if (file === undefined) return
  const named = (text: string): string =>
    [
      [laravel.directory, '/var/www/my-app'],
      [path.dirname(directory.file('x')), '/etc/resound'],
      [String(port), '8080'],
      [String(proxy), '8443'],
      [new URL(laravel.url).port, '8000'],
      [new URL(redis.url).port, '6379'],
    ].reduce((all, [what = '', instead = '']) => all.replaceAll(what, instead), text)
  const [found = ''] = /^\S (?:critical|warning) [\s\S]*?(?=^\S )/m.exec(stdout) ?? []
  const [end = ''] = /^(?:The first broken link|It works)[\s\S]*/m.exec(stdout) ?? []
  const command = ['resound diagnose --laravel /var/www/my-app', ...args].join(' ')
  const said = named(`$ ${command}\n${found.trim()}\n\n${end.trim()}`)
  const heading = title.charAt(0).toUpperCase() + title.slice(1)
  appendFileSync(file, `### ${heading}\n\n\`\`\`text\n${said}\n\`\`\`\n\n`)
}

beforeAll(async () => {
  directory = new Directory()
  port = await freePort()
  proxy = await freePort()
  redis = await startRedis()
  laravel = await serveLaravel()
  await serve()
  await env()
  await laravel.artisan('migrate', '--force')
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await laravel[Symbol.asyncDispose]()
  await redis[Symbol.asyncDispose]()
  directory[Symbol.dispose]()
})

it(
  'of a set-up that is well it says so, and nothing else',
  async () => {
    const outcome = await diagnose('--as-user', '1', '--channel', 'private-orders.1')
    expect(outcome.stdout.split('\n').filter((line) => /^\S/.test(line))).toEqual(
      expect.not.arrayContaining([expect.stringMatching(/warning|critical|unknown/)]),
    )
    expect(outcome.code).toBe(0)
  },
  2 * PATIENCE,
)

describe('it finds', () => {
  beforeEach(() => env())

  const found = (
    title: string,
    id: string,
    exit: number,
    args: () => readonly string[],
    break_: () => Promise<unknown>,
  ): void => {
    it(
      title,
      async () => {
        const what = await break_()
        try {
          const outcome = await diagnose(...args())
          note(title, args(), outcome)
          expect(broken(outcome), outcome.stdout).toEqual({ exit, id })
        } finally {
          if (what instanceof Object && Symbol.asyncDispose in what) {
            await (what as AsyncDisposable)[Symbol.asyncDispose]()
          }
        }
      },
      2 * PATIENCE,
    )
  }
  const nothing = (): readonly string[] => []
  let chain: Chain
  beforeAll(() => {
    chain = createChain(directory)
  })

  found('a wrong port in the .env', 'config.address', 2, nothing, () => env({ REVERB_PORT: 6001 }))
  found('a wrong key in the .env', 'config.credentials', 2, nothing, () =>
    env({ REVERB_APP_KEY: 'key-of-before' }),
  )
  found(
    'a 403 on a private channel',
    'auth.answer',
    2,
    () => ['--as-user', '1', '--channel', 'private-orders.7'],
    nothingBroken,
  )
  found('a wrong Redis prefix', 'delivery.redis', 2, nothing, async () => {
    await serve({
      laravel: { redisPrefix: 'my_app_database_', redisUrl: redis.url, authUrl: laravel.url },
    })
    await env({ BROADCAST_CONNECTION: 'redis' })
    return { [Symbol.asyncDispose]: () => serve() }
  })
  found('a queue that no worker works on', 'delivery.queue', 2, nothing, () =>
    env({ QUEUE_CONNECTION: 'database' }),
  )
  found('the log driver', 'config.driver', 2, nothing, () => env({ BROADCAST_CONNECTION: 'log' }))
  found(
    'a proxy that does not upgrade',
    'way-in.upgrade-public',
    2,
    () => ['--url', `ws://localhost:${proxy}`],
    () =>
      startNginx(`server { listen 127.0.0.1:${proxy}; location / {
        proxy_pass http://127.0.0.1:${port}; } }`),
  )
  found(
    'a certificate that has expired',
    'way-in.tls-expiry',
    2,
    () => ['--url', `wss://localhost:${proxy}`, '--ca', chain.root],
    () => {
      const options = { withIntermediate: true, days: { from: -90, to: -2 } }
      const { cert, key } = chain.leaf('expired', options)
      return startNginx(`server { listen 127.0.0.1:${proxy} ssl; ssl_certificate ${cert};
        ssl_certificate_key ${key}; location / { ${UPGRADED} proxy_pass http://127.0.0.1:${port}; } }`)
    },
  )
  found(
    'an event that is too large for the proxy',
    'delivery.payload-size',
    2,
    nothing,
    async () => {
      await env({ REVERB_PORT: proxy })
      return startNginx(`server { listen 127.0.0.1:${proxy}; client_max_body_size 8k; location / {
      ${UPGRADED} proxy_pass http://127.0.0.1:${port}; } }`)
    },
  )

  it(
    '1,024 open files, and says the line to change',
    async () => {
      await serve({}, 1024)
      const outcome = await diagnose()
      note('1,024 open files', [], outcome) // a warning: it may be enough
      expect(outcome.code).toBe(1)
      expect(outcome.stdout).toMatch(/warning {2,}host\.open-files/)
      expect(outcome.stdout).toContain('LimitNOFILE=65536')
      expect(outcome.stdout).toMatch(/To look at: host\.open-files\./)
      await serve()
    },
    2 * PATIENCE,
  )

  it(
    'nothing once a worker works on the queue',
    async () => {
      await env({ QUEUE_CONNECTION: 'database' })
      const command = `cd ${laravel.directory} && php artisan queue:work --sleep=0.2`
      await using _ = await startWorker(command)
      const outcome = await diagnose('--only', 'delivery.queue')
      expect(outcome.code, outcome.stdout).toBe(0)
    },
    2 * PATIENCE,
  )
})

async function nothingBroken(): Promise<void> {}
