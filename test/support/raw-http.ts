/** HTTP over a bare TCP connection: sends any bytes, and sees exactly what comes back. */
import { connect, type Socket } from 'node:net'

export interface RawAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

const PATIENCE_MILLISECONDS = 5_000

export class RawHttp implements Disposable {
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

  static connect(port: number): Promise<RawHttp> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new RawHttp(socket))
      })
    })
  }

  /** Resolves when the bytes have been handed to the system. */
  send(bytes: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => this.#socket.write(bytes, () => resolve()))
  }

  /**
   * The next answer, or undefined when the connection ends without one.
   * @param method of the request: an answer to HEAD has no body, whatever its Content-Length
   */
  async next(method = 'GET'): Promise<RawAnswer | undefined> {
    for (;;) {
      const answer = this.#take(method)
      if (answer !== undefined || this.#isEnded) return answer
      await this.#more()
    }
  }

  /** Everything received that no answer has taken. */
  get rest(): string {
    return this.#received.toString('latin1')
  }

  /** Drops the connection without a word. */
  abort(): void {
    this.#socket.resetAndDestroy()
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }

  #take(method: string): RawAnswer | undefined {
    const end = this.#received.indexOf('\r\n\r\n')
    if (end === -1) return undefined
    const [statusLine = '', ...lines] = this.#received.toString('latin1', 0, end).split('\r\n')
    const status = /^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1]
    if (status === undefined) throw new Error(`an answer begins with ${JSON.stringify(statusLine)}`)
    const headers = new Map<string, string>()
    for (const line of lines) {
      const colon = line.indexOf(':')
      headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
    }
    const size = method === 'HEAD' ? 0 : Number(headers.get('content-length') ?? 0)
    const after = end + 4 + size
    if (this.#received.length < after) return undefined
    const body = this.#received.toString('utf8', end + 4, after)
    this.#received = this.#received.subarray(after)
    return { status: Number(status), headers, body }
  }

  #more(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no answer came, only ${JSON.stringify(this.rest)}`)),
        PATIENCE_MILLISECONDS,
      )
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

/** A well-formed request. @param headers whole lines, each with its line break */
export function request(method: string, target: string, body = '', headers = ''): string {
  const length = body === '' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`
  return `${method} ${target} HTTP/1.1\r\nHost: localhost\r\n${length}${headers}\r\n${body}`
}

/** One connection that sends these bytes. @returns the answer, or undefined when there is none */
export async function exchange(
  port: number,
  bytes: string | Uint8Array,
): Promise<RawAnswer | undefined> {
  using http = await RawHttp.connect(port)
  await http.send(bytes)
  return await http.next()
}
