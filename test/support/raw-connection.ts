/** A bare TCP connection: sends any bytes, and hands out what has come in when enough of it has. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { PATIENCE_MILLISECONDS } from './patience.ts'

export class RawConnection implements Disposable {
  readonly #socket: Socket
  /** Resolves when the server has ended the connection, or reset it. */
  readonly ended: Promise<void>
  #received = Buffer.alloc(0)
  #isEnded = false
  #wake: () => void = () => undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    this.ended = new Promise((resolve) => {
      const end = (): void => {
        this.#isEnded = true
        this.#wake()
        resolve()
      }
      socket.once('end', end)
      socket.once('close', end)
    })
    socket.on('error', () => undefined) // a reset: `close` follows, and is what the tests look at
    socket.on('data', (piece) => {
      this.#received = Buffer.concat([this.#received, piece])
      this.#wake()
    })
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    return new RawConnection(socket)
  }

  /** Resolves when the bytes have been handed to the system. */
  send(bytes: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => this.#socket.write(bytes, () => resolve()))
  }

  /**
   * Takes as many of the received bytes as `measure` says, waiting until it does.
   * @returns undefined when the connection ends before
   */
  async take(measure: (received: Buffer) => number | undefined): Promise<Buffer | undefined> {
    for (;;) {
      const size = measure(this.#received)
      if (size !== undefined) {
        const taken = this.#received.subarray(0, size)
        this.#received = this.#received.subarray(size)
        return taken
      }
      if (this.#isEnded) return undefined
      await this.#more()
    }
  }

  /** Everything received that nobody has taken. */
  get rest(): string {
    return this.#received.toString('latin1')
  }

  /** Stops reading, so that what the server sends piles up. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Drops the connection without a word. */
  abort(): void {
    this.#socket.resetAndDestroy()
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }

  #more(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`nothing more came after ${JSON.stringify(this.rest)}`)),
        PATIENCE_MILLISECONDS,
      )
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
