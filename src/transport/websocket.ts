/**
 * WebSockets: bytes in, one call, done. Nothing here knows what a channel is.
 */
import type { HttpResponse, WebSocket, WebSocketBehavior } from 'uWebSockets.js'
import { Connection } from '../hub/connection.ts'
import type { Rejection, Sessions } from '../session/sessions.ts'
import type { Generation } from './public-apps.ts'

interface UserData {
  readonly visitor: Connection | Rejection
}

export interface WebSocketOptions {
  readonly pathPrefix: string
  /** Largest message in bytes that is read. */
  readonly messageBytes: number
  /** Most bytes that wait for a slow reader before its connection is closed. */
  readonly backpressureBytes: number
  /** Told of each connection that has become a WebSocket. */
  readonly onUpgrade: () => void
  /** Told of each of them when it has ended. */
  readonly onClose: () => void
  /** Told of a handler that threw: a bug of ours, and no reason to end the process. */
  readonly onFault: (fault: unknown) => void
}

/** Largest key that is looked up; a longer one is nobody's. */
const KEY_LENGTH = 64

export function serveWebSockets(
  generation: Generation,
  sessions: Sessions,
  options: WebSocketOptions,
): void {
  const { app } = generation
  const { onFault } = options
  const behavior = (hasKey: boolean): WebSocketBehavior<UserData> => ({
    // Frames up to twice the limit are read and refused with a reason; uWebSockets.js cuts off larger ones.
    maxPayloadLength: options.messageBytes * 2,
    maxBackpressure: options.backpressureBytes,
    closeOnBackpressureLimit: true,
    // Silence is the heartbeat's business: it knows the protocol's timeouts and close code.
    idleTimeout: 0,
    sendPingsAutomatically: false,
    upgrade: guarded(onFault, failUpgrade, (res, req, context) => {
      const key = hasKey ? req.getParameter(0) : undefined
      const visitor = sessions.admit({
        key: key?.slice(0, KEY_LENGTH + 1),
        protocol: req.getQuery('protocol') ?? '',
        origin: req.getHeader('origin'),
        header: (name) => req.getHeader(name),
      })
      res.upgrade(
        { visitor },
        req.getHeader('sec-websocket-key'),
        req.getHeader('sec-websocket-protocol'),
        req.getHeader('sec-websocket-extensions'),
        context,
      )
      options.onUpgrade()
    }),
    open: guarded(onFault, failOpen, (ws) =>
      sessions.open(ws.getUserData().visitor, generation.opened(ws)),
    ),
    message: guarded(onFault, goOn, (ws, bytes, isBinary) => {
      const connection = connectionOf(ws)
      if (connection === undefined) return
      const { byteLength } = bytes
      const isReadable = !isBinary && byteLength <= options.messageBytes
      // A copy: uWebSockets.js empties `bytes` when this returns.
      const text = isReadable ? Buffer.from(bytes).toString('utf8') : undefined
      sessions.receive(connection, text, byteLength)
    }),
    ping: guarded(onFault, goOn, (ws) => sessions.alive(connectionOf(ws))),
    pong: guarded(onFault, goOn, (ws) => sessions.alive(connectionOf(ws))),
    dropped: guarded(onFault, goOn, (ws) => sessions.tooSlow(connectionOf(ws))),
    close: guarded(onFault, goOn, (ws, code) => {
      generation.closed()
      options.onClose()
      const connection = connectionOf(ws)
      if (connection !== undefined) sessions.close(connection, code)
    }),
  })
  app.ws(`${options.pathPrefix}/app/:key`, behavior(true))
  app.ws('/*', behavior(false))
}

/** Code of a close by a fault of ours, RFC 6455: clients come back after a pause. */
const INTERNAL_ERROR = 1011

const failUpgrade = (res: HttpResponse): unknown =>
  res.writeStatus('500 Internal Server Error').end()

/** Without its greeting, and perhaps unknown to the heartbeat, it would stay for ever. */
const failOpen = (ws: WebSocket<UserData>): void => ws.end(INTERNAL_ERROR)

const goOn = (): void => {}

/**
 * The one place that catches what a handler throws: it is reported, and `after` deals with the
 * handler's subject. Wrapped once per server; it adds some nanoseconds to a message.
 */
function guarded<Subject, Rest extends readonly unknown[]>(
  onFault: (fault: unknown) => void,
  after: (subject: Subject) => unknown,
  handler: (subject: Subject, ...rest: Rest) => void,
): (subject: Subject, ...rest: Rest) => void {
  return (subject, ...rest) => {
    try {
      handler(subject, ...rest)
    } catch (fault) {
      onFault(fault)
      after(subject)
    }
  }
}

function connectionOf(ws: WebSocket<UserData>): Connection | undefined {
  const { visitor } = ws.getUserData()
  return visitor instanceof Connection ? visitor : undefined
}
