import { describe, expect, it } from 'vitest'
import { frame, OPCODE, readFrames } from '../../src/bench/frames.ts'
import { StampReader, stampedData } from '../../src/bench/stamp.ts'

/** A server's frame: as a client's, without the mask. */
function served(payload: string, opcode: number = OPCODE.text): Buffer {
  const length = Buffer.byteLength(payload)
  const head = Buffer.from([0x80 | opcode, length < 126 ? length : length < 65_536 ? 126 : 127])
  const size = Buffer.alloc(length < 126 ? 0 : length < 65_536 ? 2 : 8)
  if (size.length === 2) size.writeUInt16BE(length)
  if (size.length === 8) size.writeBigUInt64BE(BigInt(length))
  return Buffer.concat([head, size, Buffer.from(payload)])
}

function read(bytes: Buffer): { texts: string[]; used: number } {
  const texts: string[] = []
  const used = readFrames(bytes, bytes.length, (_opcode, _isFinal, all, start, end) => {
    texts.push(all.toString('utf8', start, end))
  })
  return { texts, used }
}

describe("a server's frames", () => {
  it.each([0, 1, 125, 126, 65_535, 65_536])('of %i bytes are read whole', (length) => {
    const text = 'x'.repeat(length)
    const bytes = Buffer.concat([served(text), served('next')])
    expect(read(bytes)).toEqual({ texts: [text, 'next'], used: bytes.length })
  })

  it('wait for their rest, wherever they are cut', () => {
    const whole = Buffer.concat([served('first'), served('y'.repeat(200))])
    const first = served('first').length
    for (let cut = first; cut < whole.length; cut += 1) {
      expect(read(whole.subarray(0, cut))).toEqual({ texts: ['first'], used: first })
    }
  })

  it('are refused when they are masked, or longer than any server sends', () => {
    expect(() => read(frame('masked'))).toThrow(RangeError)
    const endless = Buffer.from([0x81, 127, 1, 0, 0, 0, 0, 0, 0, 0])
    expect(() => read(endless)).toThrow(RangeError)
  })
})

describe('the stamp of an event', () => {
  const stamp = new StampReader()
  const readIn = (text: string) => {
    const bytes = Buffer.from(`before ${text}`)
    const start = 'before '.length
    if (!stamp.read(bytes, start, bytes.length)) return undefined
    const { stream, number, dueMicroseconds } = stamp
    return { stream, number, dueMicroseconds }
  }

  it('is read from JSON, and from JSON in JSON, wherever it stands', () => {
    const data = stampedData(12, 345, 6_789_012.5, 100)
    const expected = { stream: 12, number: 345, dueMicroseconds: 6_789_012 }
    expect(readIn(`{"event":"a","data":${data}}`)).toEqual(expected)
    expect(readIn(`{"event":"another","data":${JSON.stringify(data)}}`)).toEqual(expected)
    expect(readIn(`{"data":${data},"event":"a"}`)).toEqual(expected)
  })

  it('is not found where there is none', () => {
    expect(readIn('{"event":"pusher:pong","data":{}}')).toBeUndefined()
    expect(readIn('{"event":"mail","data":"me@example.com"}')).toBeUndefined()
  })

  it.each([100, 1000, 10_000])('makes data of %i bytes', (bytes) => {
    expect(stampedData(0, 1, 0, bytes)).toHaveLength(bytes)
    expect(JSON.parse(stampedData(0, 1, 0, bytes))).toHaveProperty('at')
  })
})
