/** Frames as RFC 6455 forbids or barely allows them. A forbidden one ends its own connection only. */
import { describe, expect, it } from 'vitest'
import { frame, header, OPCODE } from '../support/raw-socket.ts'
import { Scene } from '../support/scene.ts'
import { seeded } from '../support/seeded.ts'

const MESSAGE_BYTES = 65_536
const PING = '{"event":"pusher:ping"}'
const PONG = '{"event":"pusher:pong","data":"{}"}'

describe('frames that WebSockets do not allow (RFC 6455)', () => {
  const text = frame(PING)
  const withReserved = (reserved: number) => frame(PING, { reserved })
  const withOpcode = (opcode: number) => frame(PING, { opcode })
  const claiming = (length: number) => {
    const head = header(length)
    head[0] = 0x80 | OPCODE.TEXT
    return Buffer.concat([head, Buffer.alloc(4)])
  }

  it.each<[string, Buffer]>([
    ['invalid UTF-8', frame(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))],
    ['an overlong encoding', frame(Buffer.from([0xc0, 0xaf]))],
    ['a surrogate encoded as UTF-8', frame(Buffer.from([0xed, 0xa0, 0x80]))],
    ['half a character at the end', frame(Buffer.from([0x22, 0xe2, 0x82]))],
    ['the first reserved bit, without compression', withReserved(4)],
    ['the second reserved bit', withReserved(2)],
    ['the third reserved bit', withReserved(1)],
    ['opcode 3', withOpcode(3)],
    ['opcode 7', withOpcode(7)],
    ['opcode 11', withOpcode(11)],
    ['opcode 15', withOpcode(15)],
    ['a continuation of nothing', frame(PING, { opcode: OPCODE.CONTINUATION })],
    ['a message inside another', Buffer.concat([frame('{', { fin: false }), text])],
    ['a fragmented control frame', frame('', { opcode: OPCODE.PING, fin: false })],
    ['a control frame of 126 bytes', frame('x'.repeat(126), { opcode: OPCODE.PING })],
    ['a claim of 1 GiB', claiming(2 ** 30)],
    ['a claim of 4 PiB', claiming(2 ** 52)],
    [
      'fragments that are too large together',
      Buffer.concat([
        frame('x'.repeat(MESSAGE_BYTES), { fin: false }),
        frame('x'.repeat(MESSAGE_BYTES), { fin: false, opcode: OPCODE.CONTINUATION }),
        frame('x', { opcode: OPCODE.CONTINUATION }),
      ]),
    ],
    ['a close frame of one byte', frame('x', { opcode: OPCODE.CLOSE })],
    ['a close frame with code 0', frame(Buffer.from([0, 0]), { opcode: OPCODE.CLOSE })],
    ['a close frame with code 1006', frame(Buffer.from([3, 238]), { opcode: OPCODE.CLOSE })],
    ['a close frame with code 3000', frame(Buffer.from([11, 184]), { opcode: OPCODE.CLOSE })],
    ['a close frame with code 4200', frame(Buffer.from([16, 104]), { opcode: OPCODE.CLOSE })],
    [
      'a close frame whose reason is not UTF-8',
      frame(Buffer.from([3, 232, 255]), { opcode: OPCODE.CLOSE }),
    ],
    ['a message after the close', Buffer.concat([frame('', { opcode: OPCODE.CLOSE }), text])],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
  ])('end the connection: %s', async (_what, bytes) => {
    await using scene = await Scene.set()
    using attacker = await scene.attacker()
    attacker.send(bytes)
    await attacker.ended
  })

  it('without a mask are never taken for what they say', async () => {
    await using scene = await Scene.set()
    using attacker = await scene.attacker()
    attacker.send(frame(PING, { masked: false }))
    attacker.send(frame(PING, { masked: false }))
    const answer = await attacker.nextText().catch(() => 'ended')
    expect(answer).not.toBe(PONG)
  })
})

describe('frames that are unusual, and allowed', () => {
  it('may be fragmented, with control frames in between', async () => {
    await using scene = await Scene.set()
    using client = await scene.attacker()
    client.send(frame(PING.slice(0, 5), { fin: false }))
    client.send(frame('are you there', { opcode: OPCODE.PING }))
    const pong = await client.next()
    expect({ ...pong, payload: pong.payload.toString() }).toEqual({
      opcode: OPCODE.PONG,
      payload: 'are you there',
    })
    client.send(frame(PING.slice(5), { opcode: OPCODE.CONTINUATION }))
    expect(await client.nextText()).toBe(PONG)
  })

  it('may come in 20,000 empty fragments', async () => {
    await using scene = await Scene.set()
    using client = await scene.attacker()
    const empty = frame('', { fin: false, opcode: OPCODE.CONTINUATION })
    client.send(frame(PING, { fin: false }))
    client.send(Buffer.concat(Array.from({ length: 20_000 }, () => empty)))
    client.send(frame('', { opcode: OPCODE.CONTINUATION }))
    expect(await client.nextText()).toBe(PONG)
  })

  it('may come one byte at a time', async () => {
    await using scene = await Scene.set()
    using client = await scene.attacker()
    for (const byte of frame(PING)) client.send(Buffer.from([byte]))
    expect(await client.nextText()).toBe(PONG)
  })

  it('may be cut off by the end of the connection', async () => {
    await using scene = await Scene.set()
    for (const bytes of [
      frame(PING).subarray(0, 1),
      frame(PING).subarray(0, 5),
      frame(PING).subarray(0, -1),
      frame(PING, { fin: false }),
    ]) {
      using client = await scene.attacker()
      client.send(bytes)
    }
  })
})

it('frames of random bytes leave no trace', async () => {
  await using scene = await Scene.set()
  const random = seeded(1)
  for (let round = 0; round < 200; round += 1) {
    using attacker = await scene.attacker()
    attacker.send(Buffer.from(Array.from({ length: 1 + random(2000) }, () => random(256))))
  }
})
