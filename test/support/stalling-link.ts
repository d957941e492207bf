/** A TCP link to a server that can stop carrying what the server sends, as a sleeping laptop's does. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export class StallingLink implements Disposable {
  readonly #listener: Server
  readonly #sockets = new Set<Socket>()
  /** The ends that lead to the server, and those that lead to a client. */
  readonly #inner = new Map<Socket, Socket>()
  #dials = 0

  private constructor(port: number) {
    this.#listener = createServer((outer) => {
      this.#dials += 1
      const inner = connect({ port, host: '127.0.0.1' })
      this.#inner.set(inner, outer)
      for (const socket of [outer, inner]) {
        this.#sockets.add(socket)
        socket.on('error', () => undefined) // a reset: the other end is destroyed with it
      }
      outer.on('close', () => inner.destroy())
      inner.on('close', () => {
        this.#inner.delete(inner)
        outer.end()
      })
      outer.pipe(inner)
      inner.pipe(outer)
    })
  }

  static async to(port: number): Promise<StallingLink> {
    const link = new StallingLink(port)
    link.#listener.listen(0, '127.0.0.1')
    await once(link.#listener, 'listening')
    return link
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port
  }

  /** How often somebody has connected. */
  get dials(): number {
    return this.#dials
  }

  /** Reads no more from the server on the connections that are there. */
  stall(): void {
    for (const socket of this.#inner.keys()) {
      socket.unpipe()
      socket.pause()
    }
  }

  /** Carries again, and first what has waited. */
  resume(): void {
    for (const [inner, outer] of this.#inner) inner.pipe(outer)
  }

  [Symbol.dispose](): void {
    this.#listener.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}
