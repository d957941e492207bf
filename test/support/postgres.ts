/** A real PostgreSQL for a test: its own processes, port and directory, gone afterwards. */
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { Client } from 'pg'
import type { CertificateFiles } from './certificate.ts'
import { freePort } from './free-port.ts'

const run = promisify(execFile)

type PostgresProcess = ChildProcessByStdio<null, null, Readable>

/** Whom the superuser has to be, because PostgreSQL refuses to run as root. */
interface Owner {
  readonly uid?: number
  readonly gid?: number
}

const SUPERUSER = { name: 'postgres', password: 'postgres-password' } as const

export interface TestPostgresOptions {
  /** Another that this is a read-only replica of. */
  readonly replicaOf?: TestPostgres
  /** PEM files for TLS; without them there is none. */
  readonly tls?: CertificateFiles
}

export class TestPostgres implements AsyncDisposable {
  readonly port: number
  readonly #directory: string
  readonly #programs: string
  readonly #owner: Owner
  readonly #options: TestPostgresOptions
  #process: PostgresProcess | undefined
  #client: Client | undefined

  constructor(
    port: number,
    directory: string,
    { programs, owner, ...options }: { programs: string; owner: Owner } & TestPostgresOptions,
  ) {
    this.port = port
    this.#directory = directory
    this.#programs = programs
    this.#owner = owner
    this.#options = options
  }

  /** As the superuser. */
  get url(): string {
    return this.urlFor(`${SUPERUSER.name}:${SUPERUSER.password}`)
  }

  /** @param user as in a URL: `name:password` */
  urlFor(user: string): string {
    return `postgres://${user}@127.0.0.1:${this.port}/postgres`
  }

  /** Runs SQL as the superuser. @returns the rows of its last statement */
  async sql(text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    if (this.#client === undefined) throw new Error('this PostgreSQL is not running')
    const result: unknown = await this.#client.query(text, values)
    const last = Array.isArray(result) ? result.at(-1) : result
    return last.rows
  }

  /** Makes the directory of its data. */
  async initialise(): Promise<void> {
    const { uid, gid } = this.#owner
    if (uid !== undefined && gid !== undefined) await chown(this.#directory, uid, gid)
    const password = path.join(this.#directory, 'password')
    await writeFile(password, SUPERUSER.password)
    await chmod(password, 0o644)
    await run(
      path.join(this.#programs, 'initdb'),
      [
        ...['--pgdata', this.#data, '--username', SUPERUSER.name, '--pwfile', password],
        ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C', '--no-sync'],
      ],
      { ...this.#owner, cwd: this.#directory },
    )
  }

  /** Makes the directory of its data a copy of another's, which it then follows, for reading only. */
  async follow(other: TestPostgres): Promise<void> {
    const { uid, gid } = this.#owner
    if (uid !== undefined && gid !== undefined) await chown(this.#directory, uid, gid)
    await run(
      path.join(this.#programs, 'pg_basebackup'),
      ['--pgdata', this.#data, '--dbname', other.url, '--write-recovery-conf', '--checkpoint=fast'],
      { ...this.#owner, cwd: this.#directory },
    )
  }

  /** Starts it, after `stop` again on the same port; resolves when it answers. */
  async start(): Promise<void> {
    const { tls } = this.#options
    const settings = {
      listen_addresses: '127.0.0.1',
      port: this.port,
      unix_socket_directories: '',
      fsync: 'off',
      max_connections: 20,
      shared_buffers: '8MB',
      ...(tls === undefined ? {} : await this.#ownTls(tls)),
    }
    const server = spawn(
      path.join(this.#programs, 'postgres'),
      [
        '-D',
        this.#data,
        ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
      ],
      { ...this.#owner, cwd: this.#directory, stdio: ['ignore', 'ignore', 'pipe'] },
    )
    await once(server, 'spawn')
    this.#process = server
    process.once('exit', this.#kill)
    await readyToAccept(server)
    this.#client = new Client(this.url)
    this.#client.on('error', () => {}) // it dies with the server, which tests kill
    await this.#client.connect()
  }

  /** Stops it and closes its port. @param how killed, as by a crash: it recovers when it is started */
  async stop(how: 'stopped' | 'killed' = 'stopped'): Promise<void> {
    const server = this.#process
    if (server === undefined) return
    this.#process = undefined
    process.off('exit', this.#kill)
    this.#client?.end().catch(() => {}) // as above
    this.#client = undefined
    if (server.exitCode !== null || server.signalCode !== null) return
    const closed = once(server, 'close') // standard error is closed by the last of its processes
    const children = await childrenOf(server)
    for (const pid of children) signal(pid, 'SIGCONT')
    server.kill('SIGCONT')
    server.kill(how === 'stopped' ? 'SIGINT' : 'SIGKILL')
    if (how === 'killed') for (const pid of children) signal(pid, 'SIGKILL')
    await closed
  }

  /** Its connections stay open and new ones are accepted by the kernel, but nothing is answered. */
  async pause(): Promise<void> {
    const server = this.#process
    if (server === undefined) return
    server.kill('SIGSTOP') // first: it starts no more children
    for (const pid of await childrenOf(server)) signal(pid, 'SIGSTOP')
  }

  async resume(): Promise<void> {
    const server = this.#process
    if (server === undefined) return
    for (const pid of await childrenOf(server)) signal(pid, 'SIGCONT')
    server.kill('SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('killed')
    await rm(this.#directory, { recursive: true, force: true })
  }

  /** PostgreSQL takes a key that is its own and nobody else's. */
  async #ownTls({ cert, key }: CertificateFiles): Promise<Readonly<Record<string, string>>> {
    const own = { cert: path.join(this.#data, 'cert.pem'), key: path.join(this.#data, 'key.pem') }
    await copyFile(cert, own.cert)
    await copyFile(key, own.key)
    await chmod(own.key, 0o600)
    const { uid, gid } = this.#owner
    if (uid !== undefined && gid !== undefined) {
      await chown(own.cert, uid, gid)
      await chown(own.key, uid, gid)
    }
    return { ssl: 'on', ssl_cert_file: own.cert, ssl_key_file: own.key }
  }

  get #data(): string {
    return path.join(this.#directory, 'data')
  }

  readonly #kill = (): void => {
    this.#process?.kill('SIGQUIT')
  }
}

/** Starts a PostgreSQL on a free port. It holds nothing. */
export async function startPostgres(options: TestPostgresOptions = {}): Promise<TestPostgres> {
  const programs = await postgresPrograms()
  if (programs === undefined) throw new Error('PostgreSQL is not installed')
  const owner = await ownerOf()
  for (;;) {
    const directory = await mkdtemp(path.join(tmpdir(), 'resound-postgres-'))
    const postgres = new TestPostgres(await freePort(), directory, { ...options, programs, owner })
    try {
      if (options.replicaOf === undefined) await postgres.initialise()
      else await postgres.follow(options.replicaOf)
      await postgres.start()
      return postgres
    } catch (error) {
      await postgres[Symbol.asyncDispose]()
      // It cannot choose a port itself, so another process may have been faster.
      if (!String(error).includes('Address already in use')) throw error
    }
  }
}

/** The directory of PostgreSQL's programs, which Debian keeps out of the path, one for each version. */
export async function postgresPrograms(): Promise<string | undefined> {
  const versions = '/usr/lib/postgresql'
  const found = await readdir(versions).catch(() => []) // there is none
  const [newest] = found.sort((a, b) => Number(b) - Number(a))
  if (newest === undefined) return undefined
  const programs = path.join(versions, newest, 'bin')
  return (await readdir(programs)).includes('initdb') ? programs : undefined
}

async function ownerOf(): Promise<Owner> {
  if (process.getuid?.() !== 0) return {}
  const id = async (flag: string): Promise<number> =>
    Number((await run('id', [flag, 'postgres'])).stdout)
  return { uid: await id('-u'), gid: await id('-g') }
}

async function childrenOf({ pid }: PostgresProcess): Promise<readonly number[]> {
  if (pid === undefined) return []
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return children.split(' ').filter(Boolean).map(Number)
}

/** Signals a process that may have ended meanwhile. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** Resolves when PostgreSQL says that it accepts connections. @throws Error with what it says instead */
async function readyToAccept(server: PostgresProcess): Promise<void> {
  let said = ''
  for await (const chunk of server.stderr.iterator({ destroyOnReturn: false })) {
    said += String(chunk)
    if (/ready to accept (read-only )?connections/.test(said)) {
      server.stderr.resume()
      return
    }
  }
  throw new Error(`postgres did not start:\n${said}`)
}
