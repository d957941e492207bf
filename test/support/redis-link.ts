/**
 * A TCP link between a program and its Redis, of which a test can make a bad one while it is in use.
 *
 * The connections of a node are told apart by the names that they give themselves.
 */
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** `up` is towards Redis. */
export type Direction = 'up' | 'down' | 'both'

/** Which of a node's connections: the one it hears the others on, or the one it asks on. */
export type Role = 'bus' | 'commands'

/**
 * `hold`: nothing passes until it is over, and then all of it does, as after a short break of the network.
 * `lose`: what is sent is gone, and its connection will never work again, though nobody closes it: as when
 * something in between has forgotten it.
 */
export type Silence = 'hold' | 'lose'

interface Link {
  readonly client: Socket
  readonly server: Socket
  role: Role | undefined
  /** Directions in which bytes are missing by now. */
  readonly dead: Set<Exclude<Direction, 'both'>>
}

interface Fault {
  readonly silence: Silence
  readonly direction: Direction
  readonly role: Role | undefined
}

export class RedisLink implements AsyncDisposable {
  readonly port: number
  readonly #target: number
  readonly #links = new Set<Link>()
  #server: Server | undefined
  #fault: Fault | undefined
  #delayMilliseconds = 0

  private constructor(target: number, server: Server, port: number) {
    this.#target = target
    this.port = port
    this.#adopt(server)
  }

  static async start(target: number): Promise<RedisLink> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    return new RedisLink(target, server, address.port)
  }

  /** How many connections there are. */
  get size(): number {
    return this.#links.size
  }

  /** Resets every connection, or those of one role. */
  cut(role?: Role): void {
    for (const link of this.#links) {
      if (role === undefined || link.role === role) this.#end(link)
    }
  }

  /** Cuts, and lets nobody connect until `accept`. */
  async refuse(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    const closed = server === undefined ? undefined : once(server, 'close')
    server?.close()
    this.cut()
    await closed
  }

  async accept(): Promise<void> {
    if (this.#server !== undefined) return
    const server = createServer().listen(this.port, '127.0.0.1')
    await once(server, 'listening')
    this.#adopt(server)
  }

  /** Lets nothing pass, while every connection stays open, until `speak`. */
  silence(silence: Silence, direction: Direction, role?: Role): void {
    this.#fault = { silence, direction, role }
    if (silence === 'hold') for (const link of this.#links) this.#hold(link)
  }

  speak(): void {
    this.#fault = undefined
    for (const { client, server } of this.#links) {
      client.resume()
      server.resume()
    }
  }

  /** Whatever is sent from now on takes that much longer, in each direction. */
  delay(milliseconds: number): void {
    this.#delayMilliseconds = milliseconds
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.refuse()
  }

  #adopt(server: Server): void {
    this.#server = server
    server.on('connection', (client) => this.#link(client))
  }

  #link(client: Socket): void {
    const server = connect(this.#target, '127.0.0.1')
    client.setNoDelay(true)
    server.setNoDelay(true)
    const link: Link = { client, server, role: undefined, dead: new Set() }
    this.#links.add(link)
    client.on('data', (bytes) => {
      link.role ??= roleIn(bytes)
      this.#pass(link, 'up', server, bytes)
    })
    server.on('data', (bytes) => this.#pass(link, 'down', client, bytes))
    for (const socket of [client, server]) {
      socket.on('error', () => this.#end(link)) // one side is gone: so is the other
      socket.on('close', () => this.#end(link))
    }
    if (this.#fault?.silence === 'hold') this.#hold(link)
  }

  #pass(link: Link, direction: Exclude<Direction, 'both'>, to: Socket, bytes: Buffer): void {
    if (this.#fault?.silence === 'lose' && this.#concerns(link, direction)) link.dead.add(direction)
    if (link.dead.has(direction)) return
    if (this.#delayMilliseconds === 0) to.write(bytes)
    else setTimeout(() => to.write(bytes), this.#delayMilliseconds)
  }

  #hold(link: Link): void {
    if (this.#concerns(link, 'up')) link.client.pause()
    if (this.#concerns(link, 'down')) link.server.pause()
  }

  #concerns(link: Link, direction: Exclude<Direction, 'both'>): boolean {
    const fault = this.#fault
    if (fault === undefined || (fault.role !== undefined && fault.role !== link.role)) return false
    return fault.direction === 'both' || fault.direction === direction
  }

  #end(link: Link): void {
    if (!this.#links.delete(link)) return
    for (const socket of [link.client, link.server]) {
      if (socket.connecting) socket.destroy()
      else socket.resetAndDestroy()
    }
  }
}

/** What the program calls the connection: its first command does. */
function roleIn(bytes: Buffer): Role | undefined {
  const text = bytes.toString('latin1')
  if (text.includes('resound-bus')) return 'bus'
  return text.includes('resound-node') ? 'commands' : undefined
}
