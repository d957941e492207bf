/**
 * Clients that come and go, as fast as one process can: bare TCP connections that upgrade, subscribe and
 * are gone, by a close frame or by a reset at any moment.
 */
import { createHmac } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { frame, OPCODE } from './raw-socket.ts'

export interface Churn {
  readonly port: number
  readonly app: { readonly key: string; readonly secret: string }
  readonly connects: number
}

export interface Churned {
  /** Connections that were told that they are established. */
  readonly established: number
  /** Those of them that were told that they are subscribed, to a private or a presence channel. */
  readonly subscribed: number
}

const AT_ONCE = 64
/** Of loopback: each has its own range of ports for those who connect. */
const ADDRESSES = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4'] as const
const CLOSE_NORMALLY = frame(Buffer.from([0x03, 0xe8]), { opcode: OPCODE.CLOSE })

/** How a client goes; the most usual ones several times. */
const WAYS = ['close', 'close', 'reset', 'reset-late', 'private', 'presence'] as const
type Way = (typeof WAYS)[number]

/** Runs them all; resolves when the last one is gone. */
export async function churn({ port, app, connects }: Churn): Promise<Churned> {
  const counts = { established: 0, subscribed: 0 }
  const upgrade = Buffer.from(
    `GET /app/${app.key}?protocol=7 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  )
  const subscribe = (channel: string, more = {}): Buffer =>
    frame(JSON.stringify({ event: 'pusher:subscribe', data: { channel, ...more } }))
  const joined = Buffer.concat([subscribe('news'), subscribe('cache-prices')])
  const joinedAndClosed = Buffer.concat([joined, CLOSE_NORMALLY])
  const signed = (text: string): string =>
    `${app.key}:${createHmac('sha256', app.secret).update(text).digest('hex')}`

  /** What a client with a socket id asks for. */
  const guarded = (way: Way, socketId: string, index: number): Buffer => {
    if (way === 'private') {
      return subscribe('private-orders', { auth: signed(`${socketId}:private-orders`) })
    }
    const data = JSON.stringify({ user_id: String(index % 1000) })
    const channel = `presence-room-${index % 50}`
    const auth = signed(`${socketId}:${channel}:${data}`)
    return subscribe(channel, { auth, channel_data: data })
  }

  const come = (index: number): Promise<void> => {
    const way = WAYS[index % WAYS.length] ?? 'close'
    const socket = connect({ port, host: ADDRESSES[index % ADDRESSES.length], noDelay: true })
    let received = ''
    let isEstablished = false
    let isSubscribed = false
    socket.on('data', (piece) => {
      received += piece.toString('latin1')
      const [, socketId] = /socket_id\\":\\"(\d+\.\d+)/.exec(received) ?? []
      if (socketId !== undefined && !isEstablished) {
        isEstablished = true
        counts.established += 1
        if (way === 'close') socket.write(joinedAndClosed)
        if (way === 'reset-late') socket.write(joined, () => socket.resetAndDestroy())
        if (way === 'private' || way === 'presence') socket.write(guarded(way, socketId, index))
      }
      if (!isSubscribed && received.includes('subscription_succeeded","channel":"pr')) {
        isSubscribed = true
        counts.subscribed += 1
        if (index % 2 === 0) socket.resetAndDestroy()
        else socket.write(CLOSE_NORMALLY)
      }
    })
    socket.write(upgrade, () => {
      if (way === 'reset') socket.resetAndDestroy()
    })
    return gone(socket)
  }

  let next = 0
  const comeAndGo = async (): Promise<void> => {
    while (next < connects) {
      const index = next
      next += 1
      await come(index)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, comeAndGo))
  return counts
}

/** Resolves when a connection is over. That of a killed process ends with an error, as it should. */
const gone = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.on('error', () => undefined)
    socket.once('close', () => resolve())
  })
