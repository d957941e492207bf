/** A real Redis for a test: its own process, port and directory, gone afterwards. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { Redis } from 'ioredis'
import { freePort } from './free-port.ts'

export interface TestRedisOptions {
  /** Of the default user; without it none is asked for. */
  readonly password?: string
  /** Rules of further users, as `ACL SETUSER` takes them: `['ann', 'on', '>secret', '&news*']`. */
  readonly users?: readonly (readonly string[])[]
}

type RedisProcess = ChildProcessByStdio<null, Readable, null>

export class TestRedis implements AsyncDisposable {
  readonly port: number
  readonly #directory: string
  readonly #options: TestRedisOptions
  #process: RedisProcess | undefined
  #client: Redis | undefined

  constructor(port: number, directory: string, options: TestRedisOptions) {
    this.port = port
    this.#directory = directory
    this.#options = options
  }

  /** With the default user's password. */
  get url(): string {
    const { password } = this.#options
    return this.urlFor(password === undefined ? '' : `:${encodeURIComponent(password)}`)
  }

  /** @param user as in a URL: `name:password` */
  urlFor(user: string): string {
    return `redis://${user === '' ? '' : `${user}@`}127.0.0.1:${this.port}`
  }

  /** A connection as the default user, which lasts until Redis stops. */
  get client(): Redis {
    if (this.#client === undefined) throw new Error('this Redis is not running')
    return this.#client
  }

  /** Starts it, after `stop` again on the same port; resolves when it answers. */
  async start(): Promise<void> {
    const { password, users = [] } = this.#options
    const server = spawn(
      'redis-server',
      [
        ...['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#directory],
        ...['--save', '3600 1', '--appendonly', 'no'],
        ...(password === undefined ? [] : ['--requirepass', password]),
        ...users.flatMap((rules) => ['--user', ...rules]),
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    await once(server, 'spawn')
    this.#process = server
    process.once('exit', this.#kill)
    await readyToAccept(server)
    this.#client = new Redis(this.url)
    await once(this.#client, 'ready')
  }

  /** Stops it and closes its port. @param data whether what it holds is there after `start` */
  async stop(data: 'kept' | 'lost' = 'kept'): Promise<void> {
    this.#client?.disconnect()
    this.#client = undefined
    const server = this.#process
    if (server === undefined) return
    this.#process = undefined
    process.off('exit', this.#kill)
    if (server.exitCode === null && server.signalCode === null) {
      const exited = once(server, 'exit')
      server.kill('SIGCONT')
      server.kill(data === 'kept' ? 'SIGTERM' : 'SIGKILL')
      await exited
    }
    if (data === 'lost') await rm(path.join(this.#directory, 'dump.rdb'), { force: true })
  }

  /** Its connections stay open and new ones are accepted by the kernel, but nothing is answered. */
  pause(): void {
    this.#process?.kill('SIGSTOP')
  }

  resume(): void {
    this.#process?.kill('SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('lost')
    await rm(this.#directory, { recursive: true, force: true })
  }

  readonly #kill = (): void => {
    this.#process?.kill('SIGKILL')
  }
}

/** Starts a Redis on a free port. It holds nothing. */
export async function startRedis(options: TestRedisOptions = {}): Promise<TestRedis> {
  for (;;) {
    const directory = await mkdtemp(path.join(tmpdir(), 'resound-redis-'))
    const redis = new TestRedis(await freePort(), directory, options)
    try {
      await redis.start()
      return redis
    } catch (error) {
      await redis[Symbol.asyncDispose]()
      // Redis cannot choose a port itself, so another process may have been faster.
      if (!String(error).includes('Address already in use')) throw error
    }
  }
}

/** Resolves when Redis says that it listens. @throws Error with what it says instead */
async function readyToAccept(server: RedisProcess): Promise<void> {
  let said = ''
  for await (const chunk of server.stdout.iterator({ destroyOnReturn: false })) {
    said += String(chunk)
    if (said.includes('Ready to accept connections')) {
      server.stdout.resume()
      return
    }
  }
  throw new Error(`redis-server did not start:\n${said}`)
}
