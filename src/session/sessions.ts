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
import { CLOSE } from '../protocol/codes.ts'
import { decode } from '../protocol/decode.ts'
import * as encode from '../protocol/encode.ts'
import type { AtSubscribe } from './at-subscribe.ts'
import { type HandlingParts, handle, refuseMessage } from './handle.ts'
import type { Heartbeat } from './heartbeat.ts'
import { Welcome, type WelcomeOptions } from './welcome.ts'

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
  readonly #room: { shortage(): { readonly reason: string } | undefined }
  readonly #welcome: Welcome

  constructor(parts: {
    apps: AppSource
    hub: Hub
    clock: Clock
    log: Logger
    heartbeat: Heartbeat
    atSubscribe: AtSubscribe
    activityTimeoutSeconds: number
    /** What there is no room for, if anything; then clients are told to try again. */
    room: { shortage(): { readonly reason: string } | undefined }
    welcome: WelcomeOptions
  }) {
    this.#apps = parts.apps
    this.#hub = parts.hub
    this.#handling = parts
    this.#log = parts.log
    this.#heartbeat = parts.heartbeat
    this.#activityTimeoutSeconds = parts.activityTimeoutSeconds
    this.#room = parts.room
    this.#welcome = new Welcome({
      clock: parts.clock,
      options: parts.welcome,
      establish: (connection, socket) => this.#welcomeLate(connection, socket),
      sendBack: (socket) => this.#refuse(TOO_MANY_AT_ONCE, socket),
    })
  }

  /** Connections that are accepted and wait to be established, or to be told to come back. */
  get held(): number {
    return this.#welcome.held
  }

  /** Sends everybody back who is not established yet. */
  stop(): void {
    this.#welcome.stop()
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
      this.#refuse(visitor, socket)
    } else if (this.#welcome.takeTurn()) {
      this.#establish(visitor, socket)
    } else {
      this.#welcome.hold(visitor, socket)
    }
  }

  /**
   * @param text undefined when the frame was binary or too large to be read
   * @param bytes of the frame's payload
   */
  receive(connection: Connection, text: string | undefined, bytes: number): void {
    // No client library says anything before it is established, and who does is not heard.
    if (!connection.isEstablished) return
    connection.silentSweeps = 0
    connection.live.tally.messagesReceived += 1
    connection.live.tally.bytesReceived += bytes
    if (text === undefined) {
      const limit = connection.app.limits.messageBytes
      refuseMessage(connection, `A message is text of at most ${limit} bytes.`, this.#hub)
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
    this.#hub.observers.dropped(connection)
  }

  /** @param code of the close frame; 1006 when there was none */
  close(connection: Connection, code: number): void {
    const wasEstablished = connection.isEstablished
    connection.detach()
    this.#handling.atSubscribe.forget(connection)
    if (!wasEstablished) {
      this.#welcome.forget(connection)
      return
    }
    this.#heartbeat.forget(connection)
    countIn(connection.live.tally.closed, closeLabel(code))
    this.#hub.observers.disconnected(connection, code)
    this.#hub.close(connection, !isGoodbye(code))
    this.#log.debug(
      { appId: connection.app.id, socketId: connection.socketId, code },
      'connection closed',
    )
  }

  #establish(connection: Connection, socket: Socket): void {
    connection.attach(socket)
    connection.openedSecond = Math.floor(this.#handling.clock.now() / 1000)
    this.#hub.open(connection)
    this.#heartbeat.watch(connection)
    const { app, socketId } = connection
    this.#log.debug({ appId: app.id, socketId }, 'connection opened')
    connection.send(encode.connectionEstablished(socketId, this.#activityTimeoutSeconds))
  }

  /** Establishes one that was held, unless its app has changed its mind meanwhile. */
  #welcomeLate(connection: Connection, socket: Socket): void {
    const { app } = connection
    try {
      const isServed = this.#apps.byId(app.id) === app
      const rejection = isServed
        ? this.#rejectionOf(app)
        : reject(CLOSE.APP_NOT_FOUND, 'The app was removed.')
      if (rejection === undefined) this.#establish(connection, socket)
      else this.#refuse(rejection, socket)
    } catch (fault) {
      // As in the transport's own handlers, which this runs outside of: it may not end the process.
      this.#log.error({ err: fault }, 'a request failed by a fault of ours')
      socket.end(INTERNAL_ERROR, '')
    }
  }

  #refuse({ code, reason }: Rejection, socket: Socket): void {
    countIn(this.rejected, String(code))
    this.#hub.observers.refused('connection', reason, { code })
    this.#log.debug({ code }, 'connection refused')
    socket.send(encode.error(code, reason))
    socket.end(code, reason)
  }

  #rejectionBy(app: App, origin: string): Rejection | undefined {
    if (app.settings.enabled && !app.allowsOrigin(origin)) {
      return reject(CLOSE.UNAUTHORIZED, "This page's origin is not in the app's allowedOrigins.")
    }
    const shortage = this.#room.shortage()
    if (shortage !== undefined) return reject(CLOSE.OVER_CAPACITY, shortage.reason)
    return this.#rejectionOf(app)
  }

  /** What the app itself has against one more connection. */
  #rejectionOf(app: App): Rejection | undefined {
    const { enabled, maxConnections } = app.settings
    if (!enabled) return reject(CLOSE.APP_DISABLED, 'The app is disabled.')
    if (maxConnections > 0 && this.#hub.connectionsOf(app) >= maxConnections) {
      return reject(
        CLOSE.OVER_CONNECTION_QUOTA,
        `The app has its ${maxConnections} connections (maxConnections).`,
      )
    }
    return undefined
  }
}

const TOO_MANY_AT_ONCE: Rejection = {
  code: CLOSE.OVER_CAPACITY,
  reason: 'Too many clients connect at once. Try again.',
}

/** Code of a close by a fault of ours, RFC 6455: clients come back after a pause. */
const INTERNAL_ERROR = 1011

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
