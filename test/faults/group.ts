/** Three nodes over one Redis, each a process of its own with a link of its own to it. */
import { existsSync } from 'node:fs'
import { expect, vi } from 'vitest'
import { StartedServer } from '../support/command.ts'
import { Directory } from '../support/directory.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { RedisLink } from '../support/redis-link.ts'
import { APP } from '../support/server.ts'

export const NODES = [0, 1, 2] as const

/** Shorter than by default: what has to be waited for after each fault is not. */
export const LINGER_SECONDS = 1

/** A restart is given up after 30 s. */
const PATIENCE = { timeout: 40_000 }

const USER = 'resound'
const RIGHTS = ['~*', '&*', '+@all']

export class Node {
  readonly index: number
  readonly port: number
  readonly link: RedisLink
  readonly #directory: Directory
  #server: StartedServer | undefined
  #restarts = 0

  constructor(index: number, port: number, link: RedisLink, directory: Directory) {
    this.index = index
    this.port = port
    this.link = link
    this.#directory = directory
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get pid(): number | undefined {
    return this.#server?.pid
  }

  /** Whether the process that was started is still there. */
  get isRunning(): boolean {
    return this.pid !== undefined && existsSync(`/proc/${this.pid}`)
  }

  get output(): string {
    return this.#server?.output ?? ''
  }

  async start(): Promise<void> {
    this.#restarts = 0
    this.#server = await StartedServer.start(
      ['--config', this.#directory.file(`node-${this.index}.json`)],
      { environment: { RESOUND_PORT: String(this.port) } },
    )
  }

  /** Has a new process take its place on the port. Resolves when that serves; the old one goes at a pace. */
  async restart(): Promise<void> {
    const server = this.#server
    if (server === undefined) throw new Error('it has to run')
    this.#restarts += 1
    server.signal('SIGUSR2')
    const restarted = () => server.log.filter(({ msg }) => msg === 'restarted')
    await vi.waitFor(() => expect(restarted()).toHaveLength(this.#restarts), PATIENCE)
  }

  signal(signal: NodeJS.Signals): void {
    this.#server?.signal(signal)
  }

  /** Resolves when the process has ended. */
  async exit(): Promise<void> {
    await this.#server?.exit()
  }

  async end(): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]()
    await this.link[Symbol.asyncDispose]()
  }
}

export class Group implements AsyncDisposable {
  readonly redis: TestRedis
  readonly nodes: readonly Node[]
  readonly #directory: Directory

  private constructor(redis: TestRedis, nodes: readonly Node[], directory: Directory) {
    this.redis = redis
    this.nodes = nodes
    this.#directory = directory
  }

  static async start({ lingerSeconds = LINGER_SECONDS } = {}): Promise<Group> {
    const redis = await startRedis({
      users: [[USER, 'on', '>secret', ...RIGHTS]],
      settings: ['--enable-debug-command', 'yes'],
    })
    const directory = new Directory()
    const nodes: Node[] = []
    const group = new Group(redis, nodes, directory)
    try {
      for (const index of NODES) {
        const link = await RedisLink.start(redis.port)
        directory.write(`node-${index}.json`, {
          redis: { url: `redis://${USER}:secret@127.0.0.1:${link.port}`, keyPrefix: 'faults:' },
          presence: { lingerSeconds },
          apps: [{ ...APP }],
        })
        const node = new Node(index, await freePort(), link, directory)
        nodes.push(node)
        await node.start()
      }
    } catch (error) {
      await group[Symbol.asyncDispose]()
      throw error
    }
    return group
  }

  node(index: number): Node {
    const node = this.nodes[index % this.nodes.length]
    if (node === undefined) throw new Error('a group has nodes')
    return node
  }

  /** Of the processes that are running. */
  get pids(): readonly number[] {
    return this.nodes.flatMap(({ pid, isRunning }) => (pid !== undefined && isRunning ? [pid] : []))
  }

  /** Takes every right from the nodes' user. */
  async forbid(): Promise<void> {
    await this.redis.client.acl('SETUSER', USER, 'resetkeys', 'resetchannels', '-@all')
  }

  async allow(): Promise<void> {
    await this.redis.client.acl('SETUSER', USER, ...RIGHTS)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.end()))
    await this.redis[Symbol.asyncDispose]()
    this.#directory[Symbol.dispose]()
  }
}
