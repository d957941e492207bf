/** HTTP over a bare TCP connection: sends any bytes, and sees exactly what comes back. */
import { RawConnection } from './raw-connection.ts'

export interface RawAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

export class RawHttp implements Disposable {
  readonly #connection: RawConnection

  private constructor(connection: RawConnection) {
    this.#connection = connection
  }

  static async connect(port: number): Promise<RawHttp> {
    return new RawHttp(await RawConnection.open(port))
  }

  /** Resolves when the server has ended the connection, or reset it. */
  get ended(): Promise<void> {
    return this.#connection.ended
  }

  /** Resolves when the bytes have been handed to the system. */
  send(bytes: string | Uint8Array): Promise<void> {
    return this.#connection.send(bytes)
  }

  /**
   * The next answer, or undefined when the connection ends without one.
   * @param method of the request: an answer to HEAD has no body, whatever its Content-Length
   */
  async next(method = 'GET'): Promise<RawAnswer | undefined> {
    const whole = await this.#connection.take((received) => {
      const head = readHead(received)
      if (head === undefined) return undefined
      const size = method === 'HEAD' ? 0 : Number(head.headers.get('content-length') ?? 0)
      return received.length < head.size + size ? undefined : head.size + size
    })
    const head = whole === undefined ? undefined : readHead(whole)
    if (whole === undefined || head === undefined) return undefined
    const { status, headers } = head
    return { status, headers, body: whole.toString('utf8', head.size) }
  }

  /** Everything received that no answer has taken. */
  get rest(): string {
    return this.#connection.rest
  }

  /** Drops the connection without a word. */
  abort(): void {
    this.#connection.abort()
  }

  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]()
  }
}

/** The head of an answer and its length in bytes, or undefined while there is more to come. */
function readHead(received: Buffer): (Omit<RawAnswer, 'body'> & { size: number }) | undefined {
  const end = received.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const [statusLine = '', ...lines] = received.toString('latin1', 0, end).split('\r\n')
  const status = /^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1]
  if (status === undefined) throw new Error(`an answer begins with ${JSON.stringify(statusLine)}`)
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
  }
  return { status: Number(status), headers, size: end + 4 }
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
