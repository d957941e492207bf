/** A real Laravel application that PHP serves. */
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { promisify } from 'node:util'
import { type LaravelVersion, layOut } from './laravel-files.ts'

const run = promisify(execFile)

type Server = ChildProcessByStdio<Writable, null, Readable>

const ARTISAN_TIMEOUT_MS = 60_000

/** The people in the application's database. */
export const ANN = { id: 1, name: 'Ann', password: 'password of ann' } as const
export const BEN = { id: 2, name: 'Ben', password: 'password of ben' } as const
export type Person = typeof ANN | typeof BEN

/**
 * Starts an application with these lines in its `.env`.
 *
 * @param env lines in dotenv format: the broadcast connection and what it needs.
 */
export async function startLaravel(env: string, version: LaravelVersion = '12'): Promise<Laravel> {
  const laravel = await serveLaravel(version)
  try {
    await laravel.configure(env)
    await laravel.artisan('migrate', '--force')
    return laravel
  } catch (error) {
    await laravel[Symbol.asyncDispose]()
    throw error
  }
}

/** Starts an application that has neither `.env` nor tables yet, to know its address. */
export async function serveLaravel(version: LaravelVersion = '12'): Promise<Laravel> {
  const directory = await mkdtemp(path.join(tmpdir(), 'resound-laravel-'))
  try {
    await layOut(directory, version)
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
  readonly #tokens = new Map<Person, Promise<string>>()
  readonly #key = randomBytes(32).toString('base64')

  constructor(directory: string, url: string, server: Server) {
    this.directory = directory
    this.url = url
    this.#server = server
  }

  /** Writes the `.env`: these lines after the application's own. Holds from the next request on. */
  async configure(env: string): Promise<void> {
    const own = [
      'APP_NAME="Chat Room"',
      'APP_ENV=local',
      'APP_DEBUG=true',
      `APP_KEY=base64:${this.#key}`,
      `APP_URL=${this.url}`,
      'BCRYPT_ROUNDS=4',
      'DB_CONNECTION=sqlite',
      `DB_DATABASE=${path.join(this.directory, 'database/database.sqlite')}`,
      'SESSION_DRIVER=file',
      'CACHE_STORE=array',
      'QUEUE_CONNECTION=database',
    ].filter((line) => !new RegExp(`^${line.split('=', 1)}=`, 'm').test(env))
    await writeFile(path.join(this.directory, '.env'), [...own, env, ''].join('\n'))
  }

  /**
   * Makes a request to the application's API.
   *
   * @throws Error with Laravel's message, unless the status is a 2xx.
   */
  async request(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    target: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<unknown> {
    const response = await fetch(`${this.url}/api${target}`, {
      method,
      headers: { accept: 'application/json', 'content-type': 'application/json', ...headers },
      body: body === undefined ? null : JSON.stringify(body),
    })
    const text = await response.text()
    const answer = text === '' ? undefined : JSON.parse(text)
    if (!response.ok) throw new Error(`${method} ${target}: ${response.status} ${answer.message}`)
    return answer
  }

  post(target: string, body: unknown = {}, headers?: Readonly<Record<string, string>>) {
    return this.request('POST', target, body, headers)
  }

  /** Logs in through the application's form. @returns the `Cookie` header of that session. */
  async login({ name, password }: Person): Promise<string> {
    const form = await fetch(`${this.url}/login`)
    const response = await fetch(`${this.url}/login`, {
      method: 'POST',
      headers: { cookie: cookiesOf(form), referer: `${this.url}/login` },
      body: new URLSearchParams({ _token: await formToken(form), name, password }),
      redirect: 'manual',
    })
    const location = response.headers.get('location')
    if (location !== this.url)
      throw new Error(`POST /login: ${response.status} ${location}\n${await this.log()}`)
    return cookiesOf(response)
  }

  /** Ends the session of a `Cookie` header as the page's button does. */
  async logout(cookie: string): Promise<void> {
    const page = await fetch(this.url, { headers: { cookie } })
    const response = await fetch(`${this.url}/logout`, {
      method: 'POST',
      headers: { cookie },
      body: new URLSearchParams({ _token: await formToken(page) }),
      redirect: 'manual',
    })
    if (response.status !== 302) throw new Error(`POST /logout: ${response.status}`)
  }

  /** A Sanctum token of this person, for clients without cookies. */
  token(person: Person): Promise<string> {
    const known = this.#tokens.get(person)
    if (known !== undefined) return known
    const { name, password } = person
    const token = this.post('/tokens', { name, password }).then((answer) => {
      if (typeof answer === 'object' && answer !== null && 'token' in answer)
        return String(answer.token)
      throw new Error('the application gave no token')
    })
    this.#tokens.set(person, token)
    return token
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
    const lines = existsSync(file) ? (await readFile(file, 'utf8')).split('\n') : []
    return lines.filter((line) => line.startsWith('[')).join('\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.stdin.end()
    await closed
    await rm(this.directory, { recursive: true })
  }
}

/** The CSRF token in a page's form. */
async function formToken(page: Response): Promise<string> {
  const [, token] = /name="_token" value="(\w+)"/.exec(await page.text()) ?? []
  if (token === undefined) throw new Error(`${page.url} has no form`)
  return token
}

/** What a browser would send back of the cookies that an answer sets. */
function cookiesOf(response: Response): string {
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';', 1)[0])
    .join('; ')
}

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
  exec php -d opcache.revalidate_freq=0 -S 127.0.0.1:0 ../vendor/laravel/framework/src/Illuminate/Foundation/resources/server.php
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
