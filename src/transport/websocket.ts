/**
 * WebSockets: bytes in, one call, done. Nothing here knows what a channel is.
 */
import type { TemplatedApp, WebSocket, WebSocketBehavior } from 'uWebSockets.js'
import { Connection } from '../hub/connection.ts'
import type { Rejection, Sessions } from '../session/sessions.ts'

interface UserData {
  readonly visitor: Connection | Rejection
}

export interface WebSocketOptions {
  readonly pathPrefix: string
  /** Largest message in bytes that is read. */
  readonly messageBytes: number
  /** Most bytes that wait for a slow reader before its connection is closed. */
  readonly backpressureBytes: number
  /** Told of a message whose handling threw: a bug of ours, and no reason to end the process. */
  readonly onFault: (fault: unknown) => void
}

/** Largest key that is looked up; a longer one is nobody's. */
const KEY_LENGTH = 64

export function serveWebSockets(
  app: TemplatedApp,
  sessions: Sessions,
  options: WebSocketOptions,
): void {
  const behavior = (hasKey: boolean): WebSocketBehavior<UserData> => ({
    // Frames up to twice the limit are read and refused with a reason; uWebSockets.js cuts off larger ones.
    maxPayloadLength: options.messageBytes * 2,
    maxBackpressure: options.backpressureBytes,
    closeOnBackpressureLimit: true,
    // Silence is the heartbeat's business: it knows the protocol's timeouts and close code.
    idleTimeout: 0,
    sendPingsAutomatically: false,
    upgrade: (res, req, context) => {
      const key = hasKey ? req.getParameter(0) : undefined
      const visitor = sessions.admit({
        key: key?.slice(0, KEY_LENGTH + 1),
        protocol: req.getQuery('protocol') ?? '',
        origin: req.getHeader('origin'),
      })
      res.upgrade(
        { visitor },
        req.getHeader('sec-websocket-key'),
        req.getHeader('sec-websocket-protocol'),
        req.getHeader('sec-websocket-extensions'),
        context,
      )
    },
    open: (ws) => {
      sessions.open(ws.getUserData().visitor, ws)
    },
    message: (ws, bytes, isBinary) => {
      const connection = connectionOf(ws)
      if (connection === undefined) return
      const isReadable = !isBinary && bytes.byteLength <= options.messageBytes
      try {
        // A copy: uWebSockets.js empties `bytes` when this returns.
        sessions.receive(connection, isReadable ? Buffer.from(bytes).toString('utf8') : undefined)
      } catch (fault) {
        options.onFault(fault)
      }
    },
    ping: (ws) => sessions.alive(connectionOf(ws)),
    pong: (ws) => sessions.alive(connectionOf(ws)),
    dropped: (ws) => sessions.tooSlow(connectionOf(ws)),
    close: (ws, code) => {
      const connection = connectionOf(ws)
      if (connection !== undefined) sessions.close(connection, code)
    },
  })
  app.ws(`${options.pathPrefix}/app/:key`, behavior(true))
  app.ws('/*', behavior(false))
}

function connectionOf(ws: WebSocket<UserData>): Connection | undefined {
  const { visitor } = ws.getUserData()
  return visitor instanceof Connection ? visitor : undefined
}
