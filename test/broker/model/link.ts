/**
 * The road from one node to Redis, with everything that may happen on it: silence, loss, a cut.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

interface Pair {
  readonly node: Socket
  readonly redis: Socket
  /** Whether it is the one that hears the other nodes. */
  isBus: boolean
}

export class Link {
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  #isPaused = false
  #isDeaf = false
  #losesAnswers = false

  private constructor(server: Server, redisPort: number) {
    this.#server = server
    server.on('connection', (socket: Socket) => this.#join(socket, redisPort))
  }

  static async to(redisPort: number): Promise<Link> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Link(server, redisPort)
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo // listens on TCP, until it is closed
    return `redis://127.0.0.1:${port}`
  }

  /** Nothing comes through in either direction; nothing is lost. */
  pause(): void {
    this.#isPaused = true
    for (const { node, redis } of this.#pairs) {
      node.pause()
      redis.pause()
    }
  }

  resume(): void {
    this.#isPaused = false
    for (const { node, redis } of this.#pairs) {
      node.resume()
      redis.resume()
    }
  }

  /** What other nodes say is lost on its way. */
  deafen(isDeaf: boolean): void {
    this.#isDeaf = isDeaf
  }

  /** Redis still does what it is asked, but what it answers is lost, until the commands are cut. */
  loseAnswers(): void {
    this.#losesAnswers = true
  }

  /** Ends the connections of one kind; new ones are accepted. */
  cut(kind: 'bus' | 'commands'): void {
    if (kind === 'commands') this.#losesAnswers = false
    for (const pair of this.#pairs) if (pair.isBus === (kind === 'bus')) destroy(pair)
  }

  /** Ends all, for good. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const pair of this.#pairs) destroy(pair)
    await closed
  }

  #join(node: Socket, redisPort: number): void {
    const redis = connect(redisPort, '127.0.0.1')
    node.setNoDelay()
    redis.setNoDelay()
    const pair: Pair = { node, redis, isBus: false }
    this.#pairs.add(pair)
    node.on('data', (bytes: Buffer) => {
      if (!pair.isBus && bytes.length < 300) pair.isBus = bytes.includes('resound-bus')
      redis.write(bytes)
    })
    redis.on('data', (bytes: Buffer) => {
      if (pair.isBus ? this.#isDeaf && bytes.includes('$7\r\nmessage') : this.#losesAnswers) return
      node.write(bytes)
    })
    for (const socket of [node, redis]) {
      socket.on('error', () => {}) // close follows
      socket.on('close', () => {
        destroy(pair)
        this.#pairs.delete(pair)
      })
      if (this.#isPaused) socket.pause()
    }
  }
}

function destroy({ node, redis }: Pair): void {
  node.destroy()
  redis.destroy()
}
