/**
 * One WebSocket connection of a load: opens it, writes and reads its frames. Knows no channel.
 *
 * Lean on purpose: no buffer of its own between frames, and one for all that is being read, since
 * what is read is dealt with before the next is.
 */
import { createHash, randomBytes } from 'node:crypto'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { version } from '../version.ts'
import { frame, OPCODE, readFrames, type TakeFrame } from './frames.ts'
import { authorityOf, type Target, trustOf } from './target.ts'

/** Whom a connection tells what becomes of it. */
export interface PeerOwner {
  /** A whole text message; the bytes are only lent. */
  heard(peer: Peer, bytes: Buffer, start: number, end: number): void
  /** It has ended, or could not be opened; told once. @param code of the close frame, if there was one */
  ended(peer: Peer, reason: string, code?: number): void
}

const READ_BYTES = 256 * 1024
const HEAD_MOST = 16 * 1024
const END_OF_HEAD = Buffer.from('\r\n\r\n')

const lent = Buffer.alloc(READ_BYTES)
const nonce = randomBytes(16).toString('base64')
const accepted = createHash('sha1')
  .update(`${nonce}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`) // RFC 6455, 4.2.2
  .digest('base64')

export class Peer {
  readonly index: number
  /** As the server calls it, once established; its owner sets it. */
  socketId = ''
  /** When what it awaits was due, in microseconds; -1 while it awaits nothing. */
  askedAt = -1
  readonly #owner: PeerOwner
  readonly #socket: Socket
  #isUpgraded = false
  #isOver = false
  /** The beginning of a frame whose end has not come yet. */
  #rest: Buffer | undefined
  /** A message in several frames. */
  #parts: Buffer[] | undefined
  #closeCode: number | undefined
  #failure: string | undefined

  constructor(index: number, target: Target, owner: PeerOwner) {
    this.index = index
    this.#owner = owner
    const { host, port, isSecure } = target
    const onread = { buffer: lent, callback: (length: number) => this.#read(length) }
    const where = { host, port, noDelay: true, onread }
    const name = isIP(host) === 0 ? { servername: host } : {}
    this.#socket = isSecure ? connectTls({ ...where, ...name, ...trustOf(target) }) : connect(where)
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#failure ??= error.code ?? error.message
    })
    this.#socket.on('close', () => this.#end())
    this.#socket.write(handshake(target))
  }

  get isOpen(): boolean {
    return this.#isUpgraded && !this.#isOver
  }

  /** Whether nothing waits here to be taken by the kernel. */
  get isIdle(): boolean {
    return this.#socket.writableLength === 0
  }

  send(text: string): void {
    if (!this.#isOver) this.#socket.write(frame(text))
  }

  /** Says goodbye; the owner hears of the end. */
  close(): void {
    if (this.isOpen) this.#socket.write(closeFrame)
    else this.terminate()
  }

  /** Ends it without a word. */
  terminate(): void {
    this.#socket.destroy()
  }

  #read(length: number): boolean {
    try {
      if (this.#rest === undefined) this.#keep(lent, length, this.#take(lent, length))
      else {
        const all = Buffer.concat([this.#rest, lent.subarray(0, length)])
        this.#rest = undefined
        this.#keep(all, all.length, this.#take(all, all.length))
      }
    } catch (fault) {
      if (!(fault instanceof RangeError)) throw fault
      this.#failure = `not a WebSocket frame: ${fault.message}`
      this.terminate()
    }
    return true
  }

  #keep(bytes: Buffer, length: number, from: number): void {
    if (from < length && !this.#isOver) this.#rest = Buffer.from(bytes.subarray(from, length))
  }

  /** @returns how many bytes are used up */
  #take(bytes: Buffer, length: number): number {
    if (this.#isUpgraded) return readFrames(bytes, length, this.#frame)
    const end = bytes.subarray(0, length).indexOf(END_OF_HEAD)
    if (end === -1) {
      if (length > HEAD_MOST) throw new RangeError('the answer to the upgrade has no end')
      return 0
    }
    const head = bytes.toString('latin1', 0, end)
    const from = end + END_OF_HEAD.length
    if (!head.startsWith('HTTP/1.1 101') || !head.includes(accepted)) {
      this.#failure = `upgrade answered ${head.slice(9, 12)}`
      this.terminate()
      return from
    }
    this.#isUpgraded = true
    const rest = bytes.subarray(from, length)
    return from + readFrames(rest, rest.length, this.#frame)
  }

  readonly #frame: TakeFrame = (opcode, isFinal, bytes, start, end) => {
    if (opcode === OPCODE.text && isFinal) this.#owner.heard(this, bytes, start, end)
    else if (opcode === OPCODE.ping) {
      this.#socket.write(frame(bytes.subarray(start, end), OPCODE.pong))
    } else if (opcode === OPCODE.close) {
      this.#closeCode = end - start >= 2 ? bytes.readUInt16BE(start) : undefined
      this.#socket.end(closeFrame)
    } else if (opcode <= OPCODE.binary) this.#part(isFinal, bytes.subarray(start, end))
  }

  #part(isFinal: boolean, part: Buffer): void {
    this.#parts ??= []
    this.#parts.push(Buffer.from(part))
    if (!isFinal) return
    const whole = Buffer.concat(this.#parts)
    this.#parts = undefined
    this.#owner.heard(this, whole, 0, whole.length)
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#rest = undefined
    this.#owner.ended(this, this.#failure ?? 'closed', this.#closeCode)
  }
}

const closeFrame = frame(Buffer.from([1000 >> 8, 1000 & 0xff]), OPCODE.close)

let lastHandshake: { readonly target: Target; readonly text: string } | undefined
function handshake(target: Target): string {
  if (lastHandshake?.target !== target) {
    const text = [
      `GET ${target.pathPrefix}/app/${encodeURIComponent(target.key)}?protocol=7&client=resound-bench&version=${version} HTTP/1.1`,
      `Host: ${authorityOf(target)}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${nonce}`,
      '\r\n',
    ].join('\r\n')
    lastHandshake = { target, text }
  }
  return lastHandshake.text
}
