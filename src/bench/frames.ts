/**
 * WebSocket frames (RFC 6455) as a client writes and reads them. Pure.
 *
 * By hand, since a load generator must cost less than the server: a frame is looked at where it was
 * received, and becomes a string only if somebody asks.
 */

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

const FINAL = 0x80
const MASKED = 0x80
const MASK_BYTES = 4
const SHORT = 126
const LONG = 127
const SHORT_MOST = 0xffff
/** More than any server of this protocol sends: what says so is no WebSocket server. */
const MOST_BYTES = 64 * 1024 * 1024

/** A client's frame. Its mask is zero: still a mask, and free. */
export function frame(payload: string | Buffer, opcode: number = OPCODE.text): Buffer {
  const length = Buffer.byteLength(payload)
  if (length > SHORT_MOST) throw new RangeError('a client frame has at most 65,535 bytes')
  const isShort = length < SHORT
  const start = (isShort ? 2 : 4) + MASK_BYTES
  const bytes = Buffer.alloc(start + length)
  bytes[0] = FINAL | opcode
  bytes[1] = MASKED | (isShort ? length : SHORT)
  if (!isShort) bytes.writeUInt16BE(length, 2)
  if (typeof payload === 'string') bytes.write(payload, start)
  else payload.copy(bytes, start)
  return bytes
}

/** Takes one frame's payload: where it is in the bytes, which are only lent. */
export type TakeFrame = (
  opcode: number,
  isFinal: boolean,
  bytes: Buffer,
  start: number,
  end: number,
) => void

// hot path: once per read of a socket, and once around its loop per frame (test/bench, sat-1000).
/**
 * Hands on each whole frame.
 * @returns where the first frame begins that is not whole yet
 * @throws RangeError for a frame that no server sends
 */
export function readFrames(bytes: Buffer, length: number, take: TakeFrame): number {
  let at = 0
  while (length - at >= 2) {
    const first = bytes[at] ?? 0
    const second = bytes[at + 1] ?? 0
    if (second >= MASKED) throw new RangeError('a server does not mask its frames')
    let header = 2
    let size = second
    if (second === SHORT) {
      if (length - at < 4) break
      size = bytes.readUInt16BE(at + 2)
      header = 4
    } else if (second === LONG) {
      if (length - at < 10) break
      size = Number(bytes.readBigUInt64BE(at + 2))
      if (size > MOST_BYTES) throw new RangeError(`a frame of ${size} bytes`)
      header = 10
    }
    const end = at + header + size
    if (end > length) break
    take(first & 0x0f, first >= FINAL, bytes, at + header, end)
    at = end
  }
  return at
}
