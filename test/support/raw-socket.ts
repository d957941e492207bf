/** A WebSocket over a bare TCP connection: sends any bytes, well-formed or not, and reads at will. */
import { RawConnection } from './raw-connection.ts'

export const OPCODE = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const

export interface FrameOptions {
  readonly opcode?: number
  /** False when more fragments follow. */
  readonly fin?: boolean
  /** The three reserved bits, 0 to 7. */
  readonly reserved?: number
  readonly masked?: boolean
}

/** One client frame (RFC 6455, section 5.2). */
export function frame(payload: string | Uint8Array, options: FrameOptions = {}): Buffer {
  const { opcode = OPCODE.TEXT, fin = true, reserved = 0, masked = true } = options
  const data = Buffer.from(payload)
  const head = header(data.length, masked)
  head[0] = (fin ? 0x80 : 0) | (reserved << 4) | opcode
  if (!masked) return Buffer.concat([head, data])
  const mask = Buffer.from([0x12, 0x34, 0x56, 0x78])
  return Buffer.concat([head, mask, data.map((byte, index) => byte ^ (mask[index % 4] ?? 0))])
}

/** The header of a frame that claims a length, its first byte left empty. */
export function header(length: number, masked = true): Buffer {
  const bit = masked ? 0x80 : 0
  if (length < 126) return Buffer.from([0, bit | length])
  if (length < 65_536) return Buffer.from([0, bit | 126, length >> 8, length & 0xff])
  const head = Buffer.alloc(10)
  head[1] = bit | 127
  head.writeBigUInt64BE(BigInt(length), 2)
  return head
}

export class RawSocket implements Disposable {
  readonly #connection: RawConnection

  private constructor(connection: RawConnection) {
    this.#connection = connection
  }

  /** Upgrades, and returns what has come of it. @param more bytes sent along with the request */
  static async open(port: number, path: string, more = ''): Promise<RawSocket> {
    const raw = new RawSocket(await RawConnection.open(port))
    raw.send(
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n${more}`,
    )
    const answer = await raw.#take((received) => {
      const end = received.indexOf('\r\n\r\n')
      return end === -1 ? undefined : end + 4
    })
    if (!answer.toString('latin1').startsWith('HTTP/1.1 101 ')) {
      throw new Error(`no upgrade: ${answer.toString('latin1')}`)
    }
    return raw
  }

  /** Resolves when the server has ended the connection, or reset it. */
  get ended(): Promise<void> {
    return this.#connection.ended
  }

  send(bytes: string | Uint8Array): void {
    void this.#connection.send(bytes)
  }

  /** Stops reading, so that what the server sends piles up. */
  pause(): void {
    this.#connection.pause()
  }

  resume(): void {
    this.#connection.resume()
  }

  /** The next frame of the server's. Rejects when the connection ends before one has come. */
  async next(): Promise<{ opcode: number; payload: Buffer }> {
    const whole = await this.#take((received) => {
      const short = received[1] ?? 0
      const size = short < 126 ? 2 : short === 126 ? 4 : 10
      if (received.length < size) return undefined
      const length =
        size === 2
          ? short
          : size === 4
            ? received.readUInt16BE(2)
            : Number(received.readBigUInt64BE(2))
      return received.length < size + length ? undefined : size + length
    })
    const short = whole[1] ?? 0
    const payload = whole.subarray(short < 126 ? 2 : short === 126 ? 4 : 10)
    return { opcode: (whole[0] ?? 0) & 0x0f, payload }
  }

  /** The next frame, which has to be text. */
  async nextText(): Promise<string> {
    const { opcode, payload } = await this.next()
    if (opcode !== OPCODE.TEXT) throw new Error(`a frame with opcode ${opcode}`)
    return payload.toString('utf8')
  }

  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]()
  }

  async #take(measure: (received: Buffer) => number | undefined): Promise<Buffer> {
    const taken = await this.#connection.take(measure)
    if (taken === undefined) throw new Error('the connection ended before a frame came')
    return taken
  }
}
