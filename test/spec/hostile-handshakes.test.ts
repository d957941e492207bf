/** Upgrade requests that no browser sends. */
import { describe, expect, it } from 'vitest'
import { exchange, RawHttp } from '../support/raw-http.ts'
import { frame, RawSocket } from '../support/raw-socket.ts'
import { Scene } from '../support/scene.ts'

const PING = '{"event":"pusher:ping"}'
const PONG = '{"event":"pusher:pong","data":"{}"}'

describe('a handshake', () => {
  const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
  const upgrade = (path: string, ...lines: string[]) =>
    [`GET ${path} HTTP/1.1`, 'Host: localhost', ...lines, '', ''].join('\r\n')

  it.each([
    ['no Upgrade header and no key', []],
    ['no key', ['Upgrade: websocket', 'Connection: Upgrade']],
    ['an empty key', ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key:']],
    ['a short key', ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key: abc']],
    ['a long key', ['Upgrade: websocket', 'Connection: Upgrade', `${KEY}${'='.repeat(100)}`]],
  ])('with %s is answered as HTTP, where there is nothing', async (_what, lines) => {
    await using scene = await Scene.set()
    const { port, app } = scene.server
    expect(await exchange(port, upgrade(`/app/${app.key}`, ...lines))).toMatchObject({
      status: 404,
    })
  })

  it.each([
    [
      '100 KB of headers',
      (path: string) =>
        upgrade(
          path,
          ...Array.from({ length: 100 }, (_, index) => `X-${index}: ${'x'.repeat(1000)}`),
        ),
    ],
    ['one header of 100 KB', (path: string) => upgrade(path, `X: ${'x'.repeat(100_000)}`)],
    [
      '1000 headers',
      (path: string) =>
        upgrade(path, ...Array.from({ length: 1000 }, (_, index) => `X-${index}: y`)),
    ],
    ['a path of 100 KB', (path: string) => upgrade(path + 'x'.repeat(100_000))],
    ['a header without a colon', (path: string) => upgrade(path, 'hello')],
    ['a body that never comes', (path: string) => upgrade(path, 'Content-Length: x')],
    ['no HTTP at all', () => `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${'\0'.repeat(500)}`],
    ['HTTP of another version', (path: string) => upgrade(path).replace('HTTP/1.1', 'HTTP/9.9')],
  ])('with %s is refused', async (_what, request) => {
    await using scene = await Scene.set()
    const { port, app } = scene.server
    const answer = await exchange(port, request(`/app/${app.key}`))
    expect(answer?.status ?? 400).toBeGreaterThanOrEqual(400)
  })

  it('with frames sent along too early is answered, and they are not', async () => {
    await using scene = await Scene.set()
    const { port, app } = scene.server
    using client = await RawSocket.open(port, `/app/${app.key}`, frame(PING).toString('latin1'))
    expect(await client.nextText()).toContain('pusher:connection_established')
    client.send(frame(PING))
    expect(await client.nextText()).toBe(PONG)
  })

  it('that comes byte by byte is waited for, but not for long', async () => {
    await using scene = await Scene.set()
    const { port, app } = scene.server
    const text = upgrade(`/app/${app.key}`, 'Upgrade: websocket', 'Connection: Upgrade', KEY)
    using patient = await RawHttp.connect(port)
    for (const byte of text) await patient.send(byte)
    expect(await patient.next()).toMatchObject({ status: 101 })

    using stalled = await RawHttp.connect(port)
    await stalled.send(text.slice(0, 50))
    await stalled.ended
  }, 30_000)

  it('may offer what the server does not speak', async () => {
    await using scene = await Scene.set()
    const { port, app } = scene.server
    const answer = await exchange(
      port,
      upgrade(
        `/app/${app.key}`,
        'Upgrade: websocket',
        'Connection: Upgrade',
        KEY,
        'Sec-WebSocket-Version: 99',
        'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-unknown',
      ),
    )
    expect(answer).toMatchObject({ status: 101 })
    expect(answer?.headers.has('sec-websocket-extensions')).toBe(false)
  })
})
