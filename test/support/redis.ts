/** A real Redis for a test: its own process, port and directory, gone afterwards. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { Redis, type RedisOptions } from 'ioredis'
import type { Authority } from './certificate.ts'
import { freePort } from './free-port.ts'

export interface TestRedisOptions {
  /** Of the default user; without it none is asked for. */
  readonly password?: string
  /** Rules of further users, as `ACL SETUSER` takes them: `['ann', 'on', '>secret', '&news*']`. */
  readonly users?: readonly (readonly string[])[]
  /** Speaks TLS only, with the server's certificate, and asks its clients for one. */
  readonly tls?: Authority
  /** Another program than the system's `redis-server`. */
  readonly program?: string
  /** Further settings: `['--replicaof', '127.0.0.1 6379']`. */
  readonly settings?: readonly string[]
  /** Makes it a Sentinel: the lines of its configuration file, which it rewrites. */
  readonly sentinel?: readonly string[]
}

/** Paths of PEM files, as in the configuration. */
export interface TlsFiles {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

type RedisProcess = ChildProcessByStdio<null, Readable, null>

/** Ended with this process, however it ends. */
const RUNNING = new Set<RedisProcess>()
process.once('exit', () => {
  for (const server of RUNNING) server.kill('SIGKILL')
})

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

  /** What a client needs beside the URL: nothing without TLS. */
  get tls(): TlsFiles {
    const { tls } = this.#options
    return tls === undefined ? {} : { ca: tls.ca, ...tls.client }
  }

  /** @param user as in a URL: `name:password` */
  urlFor(user: string): string {
    const scheme = this.#options.tls === undefined ? 'redis' : 'rediss'
    return `${scheme}://${user === '' ? '' : `${user}@`}127.0.0.1:${this.port}`
  }

  /** A connection as the default user, which lasts until Redis stops. */
  get client(): Redis {
    if (this.#client === undefined) throw new Error('this Redis is not running')
    return this.#client
  }

  /** Starts it, after `stop` again on the same port; resolves when it answers. */
  async start(): Promise<void> {
    const {
      password,
      users = [],
      tls,
      settings = [],
      sentinel,
      program = 'redis-server',
    } = this.#options
    const server = spawn(
      program,
      [
        ...(sentinel === undefined ? [] : [await this.#configurationFile(sentinel), '--sentinel']),
        ...(tls === undefined ? ['--port', String(this.port)] : tlsSettings(this.port, tls)),
        ...['--bind', '127.0.0.1', '--dir', this.#directory],
        ...['--save', '3600 1', '--appendonly', 'no'],
        ...(password === undefined ? [] : ['--requirepass', password, '--masterauth', password]),
        ...users.flatMap((rules) => ['--user', ...rules]),
        ...settings,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    await once(server, 'spawn')
    this.#process = server
    RUNNING.add(server)
    await readyToAccept(server)
    this.#client = new Redis(this.url, tlsOptions(this.tls))
    await once(this.#client, 'ready')
  }

  /** Stops it and closes its port. @param data whether what it holds is there after `start` */
  async stop(data: 'kept' | 'lost' = 'kept'): Promise<void> {
    this.#client?.disconnect()
    this.#client = undefined
    const server = this.#process
    if (server === undefined) return
    this.#process = undefined
    RUNNING.delete(server)
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

  /** @returns its path; what is written once is Redis's to change */
  async #configurationFile(lines: readonly string[]): Promise<string> {
    const file = path.join(this.#directory, 'redis.conf')
    if (!existsSync(file)) await writeFile(file, lines.join('\n'))
    return file
  }
}

/**
 * Starts a Redis on a free port. It holds nothing.
 * @param settings further ones, which may need free ports of their own
 */
export async function startRedis(
  options: TestRedisOptions = {},
  settings: () => Promise<readonly string[]> = async () => [],
): Promise<TestRedis> {
  for (;;) {
    const directory = await mkdtemp(path.join(tmpdir(), 'resound-redis-'))
    const all = [...(options.settings ?? []), ...(await settings())]
    const redis = new TestRedis(await freePort(), directory, { ...options, settings: all })
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

/** What makes a Redis or a Sentinel speak TLS, also to the others. */
function tlsSettings(port: number, { ca, server }: Authority): readonly string[] {
  return [
    ...['--port', '0', '--tls-port', String(port), '--tls-ca-cert-file', ca],
    ...['--tls-cert-file', server.cert, '--tls-key-file', server.key],
    ...['--tls-auth-clients', 'yes', '--tls-replication', 'yes', '--tls-cluster', 'yes'],
  ]
}

/** What makes a test's own client speak TLS. */
function tlsOptions({ ca, cert, key }: TlsFiles): Pick<RedisOptions, 'tls'> {
  if (ca === undefined || cert === undefined || key === undefined) return {}
  return { tls: { ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key) } }
}

/** Resolves when Redis says that it listens. @throws Error with what it says instead */
async function readyToAccept(server: RedisProcess): Promise<void> {
  let said = ''
  for await (const chunk of server.stdout.iterator({ destroyOnReturn: false })) {
    said += String(chunk)
    if (/Ready to accept connections|\+monitor master/.test(said)) {
      server.stdout.resume()
      return
    }
  }
  throw new Error(`redis-server did not start:\n${said}`)
}
