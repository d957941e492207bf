import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { Peer } from '../../src/bench/peer.ts'
import type { Target } from '../../src/bench/target.ts'

interface Ending {
  readonly reason: string
  readonly code: number | undefined
}

function targetOf(address: AddressInfo | string | null): Target {
  if (address === null || typeof address === 'string') throw new Error('no port')
  const app = { pathPrefix: '', appId: '1', key: 'key', secret: 'secret' }
  return { host: '127.0.0.1', port: address.port, isSecure: false, ...app }
}

/** A WebSocket server of the `ws` package, and a connection of the engine to it. */
class Pair implements AsyncDisposable {
  readonly #server: WebSocketServer
  readonly socket: Promise<WebSocket>
  readonly peer: Peer
  readonly heard: string[] = []
  readonly ended: Promise<Ending>

  private constructor(server: WebSocketServer) {
    this.#server = server
    this.socket = once(server, 'connection').then(([socket]) => socket as WebSocket)
    let end: (ending: Ending) => void = () => {}
    this.ended = new Promise((resolve) => {
      end = resolve
    })
    this.peer = new Peer(0, targetOf(server.address()), {
      heard: (_peer, bytes, start, text) => this.heard.push(bytes.toString('utf8', start, text)),
      ended: (_peer, reason, code) => end({ reason, code }),
    })
  }

  static async open(): Promise<Pair> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
    await once(server, 'listening')
    return new Pair(server)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.peer.terminate()
    await this.ended
    this.#server.close()
  }
}

/** Resolves when the peer has answered a ping: it has dealt with all that came before. */
async function settled(socket: WebSocket): Promise<string> {
  socket.ping('\u00ff\u0000?')
  const [answer] = await once(socket, 'pong')
  return String(answer)
}

it('hears messages of every size, in one frame or in many, and answers pings', async () => {
  await using pair = await Pair.open()
  const socket = await pair.socket
  const texts = ['', 'short', 'é'.repeat(100), 'z'.repeat(300_000)]
  for (const text of texts) socket.send(text)
  for (const part of ['in ', 'many ']) socket.send(part, { fin: false })
  socket.send('parts')
  expect(await settled(socket)).toBe('\u00ff\u0000?')
  expect(pair.heard).toEqual([...texts, 'in many parts'])
})

it.each(['', 'short', 'é'.repeat(63), 'z'.repeat(65_535)])(
  'says what a server reads (%#)',
  async (text) => {
    await using pair = await Pair.open()
    const socket = await pair.socket
    await settled(socket)
    const message = once(socket, 'message')
    pair.peer.send(text)
    expect(String((await message)[0])).toBe(text)
  },
)

it('ends with the code of the close frame', async () => {
  await using pair = await Pair.open()
  const socket = await pair.socket
  socket.close(4201, 'pong')
  expect(await pair.ended).toEqual({ reason: 'closed', code: 4201 })
})

it('ends with the status that refuses the upgrade', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'))
  await once(server, 'listening')
  const reason = await new Promise<string>((resolve) => {
    new Peer(0, targetOf(server.address()), {
      heard: () => {},
      ended: (_peer, why) => resolve(why),
    })
  })
  expect(reason).toBe('upgrade answered 403')
  server.close()
})
