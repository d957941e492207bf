/**
 * What a connection may ask, from its upgrade to its close: all that the transport calls.
 */
import type { Logger } from 'pino'
import type { App } from '../apps/app.ts'
import type { AppSource } from '../apps/app-source.ts'
import type { Clock } from '../clock.ts'
import { Connection } from '../hub/connection.ts'
import type { Hub } from '../hub/hub.ts'
import type { Socket } from '../hub/socket.ts'
import { newSocketId } from '../hub/socket-id.ts'
import { countIn } from '../hub/tally.ts'
import { CLOSE, NOTICE } from '../protocol/codes.ts'
import { decode } from '../protocol/decode.ts'
import * as encode from '../protocol/encode.ts'
import type { AtSubscribe } from './at-subscribe.ts'
import { type HandlingParts, handle } from './handle.ts'
import type { Heartbeat } from './heartbeat.ts'

/** What an upgrade request says. Texts are empty where it says nothing. */
export interface UpgradeRequest {
  /** Undefined on a path that is not `/app/{key}`. */
  readonly key: string | undefined
  readonly protocol: string
  readonly origin: string
  /** Any header, by its lower-case name; only while the request is being admitted. */
  header(name: string): string
}

/** A connection that is told why it cannot stay. A browser cannot read an HTTP status, so it is told inside the socket. */
export interface Rejection {
  readonly code: number
  readonly reason: string
}

/** Protocol 7 is current; Java and .NET clients send 5. Older than 4 is refused, as Pusher does. */
const PROTOCOLS = /^(|[4-7])$/

export class Sessions {
  /** Connections that could not stay, by the code they were told. */
  readonly rejected = new Map<string, number>()
  readonly #apps: AppSource
  readonly #hub: Hub
  readonly #handling: HandlingParts
  readonly #log: Logger
  readonly #heartbeat: Heartbeat
  readonly #activityTimeoutSeconds: number
  readonly #capacity: number

  constructor(parts: {
    apps: AppSource
    hub: Hub
    clock: Clock
    log: Logger
    heartbeat: Heartbeat
    atSubscribe: AtSubscribe
    activityTimeoutSeconds: number
    /** Most connections of all apps; beyond it clients are told to try again. */
    capacity: number
  }) {
    this.#apps = parts.apps
    this.#hub = parts.hub
    this.#handling = parts
    this.#log = parts.log
    this.#heartbeat = parts.heartbeat
    this.#activityTimeoutSeconds = parts.activityTimeoutSeconds
    this.#capacity = parts.capacity
  }

  /** Decides at the upgrade; what comes back is handed to `open` once there is a socket. */
  admit(request: UpgradeRequest): Connection | Rejection {
    if (request.key === undefined) {
      return reject(CLOSE.PATH_NOT_FOUND, 'Path not found: connect to /app/{key}.')
    }
    if (!PROTOCOLS.test(request.protocol)) return rejectProtocol(request.protocol)
    const app = this.#apps.byKey(request.key)
    if (app === undefined && !this.#apps.isComplete) {
      return reject(CLOSE.OVER_CAPACITY, 'Apps cannot be looked up at the moment. Try again.')
    }
    if (app === undefined) {
      return reject(CLOSE.APP_NOT_FOUND, 'Application does not exist: no app has this key.')
    }
    const rejection = this.#rejectionBy(app, request.origin)
    if (rejection !== undefined) return rejection
    const connection = new Connection(this.#hub.live(app), newSocketId())
    this.#handling.atSubscribe.keep(connection, request)
    return connection
  }

  open(visitor: Connection | Rejection, socket: Socket): void {
    if (!(visitor instanceof Connection)) {
      countIn(this.rejected, String(visitor.code))
      this.#log.debug({ code: visitor.code }, 'connection refused')
      socket.send(encode.error(visitor.code, visitor.reason))
      socket.end(visitor.code, visitor.reason)
      return
    }
    visitor.attach(socket)
    this.#hub.open(visitor)
    this.#heartbeat.watch(visitor)
    this.#log.debug({ appId: visitor.app.id, socketId: visitor.socketId }, 'connection opened')
    visitor.send(encode.connectionEstablished(visitor.socketId, this.#activityTimeoutSeconds))
  }

  /**
   * @param text undefined when the frame was binary or too large to be read
   * @param bytes of the frame's payload
   */
  receive(connection: Connection, text: string | undefined, bytes: number): void {
    connection.silentSweeps = 0
    connection.live.tally.messagesReceived += 1
    connection.live.tally.bytesReceived += bytes
    if (text === undefined) {
      connection.live.tally.malformed += 1
      const limit = connection.app.limits.messageBytes
      connection.send(
        encode.error(NOTICE.MALFORMED_MESSAGE, `A message is text of at most ${limit} bytes.`),
      )
      return
    }
    handle(decode(text), connection, this.#handling)
  }

  /** A control frame came in. */
  alive(connection: Connection | undefined): void {
    if (connection !== undefined) connection.silentSweeps = 0
  }

  /** What waits for this connection is over its limit; the transport drops this and closes it next. */
  tooSlow(connection: Connection | undefined): void {
    if (connection === undefined || connection.tooSlow) return
    connection.tooSlow = true
    connection.live.tally.slowConsumers += 1
  }

  /** @param code of the close frame; 1006 when there was none */
  close(connection: Connection, code: number): void {
    connection.detach()
    this.#handling.atSubscribe.forget(connection)
    this.#heartbeat.forget(connection)
    countIn(connection.live.tally.closed, closeLabel(code))
    this.#hub.close(connection, !isGoodbye(code))
    this.#log.debug(
      { appId: connection.app.id, socketId: connection.socketId, code },
      'connection closed',
    )
  }

  #rejectionBy(app: App, origin: string): Rejection | undefined {
    const { enabled, maxConnections } = app.settings
    if (!enabled) return reject(CLOSE.APP_DISABLED, 'The app is disabled.')
    if (!app.allowsOrigin(origin)) {
      return reject(CLOSE.UNAUTHORIZED, "This page's origin is not in the app's allowedOrigins.")
    }
    if (this.#hub.connectionCount >= this.#capacity) {
      return reject(
        CLOSE.OVER_CAPACITY,
        'This server has all the connections that its limit on open files allows.',
      )
    }
    if (maxConnections > 0 && this.#hub.connectionsOf(app) >= maxConnections) {
      return reject(
        CLOSE.OVER_CONNECTION_QUOTA,
        `The app has its ${maxConnections} connections (maxConnections).`,
      )
    }
    return undefined
  }
}

const reject = (code: number, reason: string): Rejection => ({ code, reason })

const rejectProtocol = (protocol: string): Rejection =>
  /^\d+$/.test(protocol)
    ? reject(CLOSE.UNSUPPORTED_PROTOCOL_VERSION, 'Unsupported protocol version: use 4 to 7.')
    : reject(CLOSE.BAD_PROTOCOL_VERSION, 'The protocol version is not a number.')

const KNOWN_CLOSES: ReadonlySet<number> = new Set([1000, 1001, 1005, 1006, ...Object.values(CLOSE)])

/**
 * Whether nobody will be back by themselves after such a close: the client has said that it goes, or was
 * told to stay away. After any other one, client libraries connect again.
 */
const isGoodbye = (code: number): boolean =>
  code === 1000 || code === 1001 || code === 1005 || (code >= 4000 && code < 4100) || code >= 4300

/** Clients may close with any code; a metric label may not have any value. */
const closeLabel = (code: number): string => (KNOWN_CLOSES.has(code) ? String(code) : 'other')
