/**
 * A real Laravel application (`laravel-app/`), installed by Composer and served by PHP.
 *
 * Composer's packages are installed once per `composer.json` and shared; everything that an
 * application writes (`.env`, database, sessions, log) is in a directory of its own.
 */
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  access,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { promisify } from 'node:util'

const run = promisify(execFile)

type Server = ChildProcessByStdio<Writable, null, Readable>

const APP = path.join(import.meta.dirname, 'laravel-app')
const CACHE = path.join(import.meta.dirname, '../../.cache/laravel-app')
const COMPOSER_TIMEOUT_MS = 10 * 60_000
const ARTISAN_TIMEOUT_MS = 60_000

/** The people in the application's database. */
export const ANN = { id: 1, name: 'Ann', token: 'token-of-ann' } as const
export const BEN = { id: 2, name: 'Ben', token: 'token-of-ben' } as const
export type Person = typeof ANN | typeof BEN

/** Installs the application's packages, unless they are there. @returns the `vendor` directory. */
export async function installLaravel(): Promise<string> {
  const manifest = path.join(APP, 'composer.json')
  const hash = createHash('sha256')
    .update(await readFile(manifest))
    .digest('hex')
    .slice(0, 16)
  const installed = path.join(CACHE, hash)
  if (await exists(installed)) return path.join(installed, 'vendor')

  await mkdir(CACHE, { recursive: true })
  const fresh = await mkdtemp(`${installed}-`)
  await cp(manifest, path.join(fresh, 'composer.json'))
  await run('composer', ['install', '--no-interaction', '--no-progress', '--no-plugins'], {
    cwd: fresh,
    env: { ...process.env, COMPOSER_ALLOW_SUPERUSER: '1' },
    timeout: COMPOSER_TIMEOUT_MS,
    maxBuffer: 64 * 1024 * 1024,
  })
  try {
    await rename(fresh, installed)
  } catch (error) {
    if (!(await exists(installed))) throw error
    await rm(fresh, { recursive: true }) // Another test run was first.
  }
  return path.join(installed, 'vendor')
}

/**
 * Starts an application with these lines in its `.env`.
 *
 * @param env lines in dotenv format: the broadcast connection and what it needs.
 */
export async function startLaravel(env: string): Promise<Laravel> {
  const directory = await mkdtemp(path.join(tmpdir(), 'resound-laravel-'))
  try {
    await layOut(directory, env)
    await artisan(directory, 'migrate', '--force')
    const { server, url } = await serve(directory)
    return new Laravel(directory, url, server)
  } catch (error) {
    await rm(directory, { recursive: true })
    throw error
  }
}

/** A running application. Disposing of it stops the server and removes the directory. */
export class Laravel implements AsyncDisposable {
  readonly directory: string
  /** `http://127.0.0.1:port` */
  readonly url: string
  readonly #server: Server

  constructor(directory: string, url: string, server: Server) {
    this.directory = directory
    this.url = url
    this.#server = server
  }

  /**
   * Makes a request as a page of the application would.
   *
   * @throws Error with Laravel's message, unless the status is a 2xx.
   */
  async request(
    method: 'POST' | 'PUT' | 'DELETE',
    target: string,
    body: unknown = {},
    headers: Readonly<Record<string, string>> = {},
  ): Promise<unknown> {
    const response = await fetch(this.url + target, {
      method,
      headers: { accept: 'application/json', 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
    const text = await response.text()
    const answer = text === '' ? undefined : JSON.parse(text)
    if (!response.ok) throw new Error(`${method} ${target}: ${response.status} ${answer.message}`)
    return answer
  }

  post(target: string, body?: unknown, headers?: Readonly<Record<string, string>>) {
    return this.request('POST', target, body, headers)
  }

  /** Logs in through the application's session. @returns the `Cookie` header of that session. */
  async login(person: Person): Promise<string> {
    const response = await fetch(`${this.url}/login`, {
      method: 'POST',
      body: new URLSearchParams({ user: String(person.id) }),
    })
    if (!response.ok) throw new Error(`POST /login: ${response.status}\n${await this.log()}`)
    return response.headers
      .getSetCookie()
      .map((cookie) => cookie.split(';', 1)[0])
      .join('; ')
  }

  /** Lets a queue worker do what is queued. @returns its report @throws Error if a job fails. */
  async queueWork(): Promise<string> {
    const report = await this.artisan('queue:work', '--stop-when-empty', '--tries=1', '--sleep=0')
    if (report.includes('FAIL')) throw new Error(`${report}\n${await this.log()}`)
    return report
  }

  /** Runs an artisan command. @returns what it prints. */
  artisan(...args: readonly string[]): Promise<string> {
    return artisan(this.directory, ...args)
  }

  /** @returns the application's own log without the stack traces. */
  async log(): Promise<string> {
    const file = path.join(this.directory, 'storage/logs/laravel.log')
    const lines = (await exists(file)) ? (await readFile(file, 'utf8')).split('\n') : []
    return lines.filter((line) => line.startsWith('[')).join('\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.stdin.end()
    await closed
    await rm(this.directory, { recursive: true })
  }
}

/** The application's files beside links to the shared packages, and room to write. */
async function layOut(directory: string, env: string): Promise<void> {
  const shared = await installLaravel()
  await cp(APP, directory, { recursive: true })
  for (const written of [
    'bootstrap/cache',
    'storage/framework/sessions',
    'storage/framework/views',
    'storage/logs',
    'vendor',
  ])
    await mkdir(path.join(directory, written), { recursive: true })

  // Composer's autoloader finds the application from where it lies itself: a copy, not a link.
  for (const entry of await readdir(shared)) {
    const to = path.join(directory, 'vendor', entry)
    if (entry === 'autoload.php' || entry === 'composer')
      await cp(path.join(shared, entry), to, { recursive: true })
    else await symlink(path.join(shared, entry), to)
  }

  const database = path.join(directory, 'database/database.sqlite')
  await writeFile(database, '')
  await writeFile(path.join(directory, '.env'), `${ownEnv(database)}\n${env}\n`)
}

const ownEnv = (database: string): string => `APP_NAME="Chat Room"
APP_ENV=local
APP_DEBUG=true
APP_KEY=base64:${randomBytes(32).toString('base64')}
DB_CONNECTION=sqlite
DB_DATABASE=${database}
SESSION_DRIVER=file
CACHE_STORE=array
QUEUE_CONNECTION=database
`

/** The variables of this process stay outside: Laravel would take them over those in `.env`. */
const environment = { PATH: process.env['PATH'], HOME: process.env['HOME'] }

async function artisan(directory: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run('php', ['artisan', ...args], {
    cwd: directory,
    env: environment,
    timeout: ARTISAN_TIMEOUT_MS,
  })
  return stdout
}

/**
 * PHP's server and its workers, which do not end with it, as one process group. It ends when the
 * pipe to its standard input closes, so also if this process dies.
 */
const SERVE = `
  exec 3<&0
  { cat <&3 >/dev/null; kill -INT 0; } &
  exec php -S 127.0.0.1:0 ../vendor/laravel/framework/src/Illuminate/Foundation/resources/server.php
`

/** Serves the application as `php artisan serve` does, on a free port. */
async function serve(directory: string): Promise<{ server: Server; url: string }> {
  const server = spawn('sh', ['-c', SERVE], {
    cwd: path.join(directory, 'public'),
    env: { ...environment, PHP_CLI_SERVER_WORKERS: '4' },
    stdio: ['pipe', 'ignore', 'pipe'],
    detached: true,
  })
  const url = new Promise<string>((resolve, reject) => {
    // Reads on for as long as the server writes: a full pipe would stop it.
    createInterface(server.stderr).on('line', (line) => {
      const [, started] = /Development Server \((http:.+)\) started/.exec(line) ?? []
      if (started !== undefined) resolve(started)
    })
    server.once('error', reject)
    server.once('exit', (code) => {
      server.stdin.end()
      reject(new Error(`PHP's server ended with ${code}.`))
    })
  })
  return { server, url: await url }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
