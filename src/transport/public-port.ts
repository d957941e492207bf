/**
 * The public port: its certificate, the sockets that listen, and the connections and requests on it.
 */
import type { Sessions } from '../session/sessions.ts'
import { type Certificate, readCertificate } from './certificate.ts'
import { type HttpHandler, type HttpOptions, serveHttp, type Traffic } from './http.ts'
import { HttpConnections } from './http-connections.ts'
import { join, type Listener, listen, type Tls } from './listener.ts'
import { PublicApps } from './public-apps.ts'
import { serveWebSockets, type WebSocketOptions } from './websocket.ts'

export interface PublicPortOptions {
  readonly host: string
  /** 0 for a free one. */
  readonly port: number
  readonly tls?: Tls | undefined
}

/** What is served on it. */
export interface Served {
  readonly sessions: Sessions
  readonly api: HttpHandler
  readonly webSockets: Omit<WebSocketOptions, 'onUpgrade' | 'onClose' | 'onFault'>
  readonly http: Omit<HttpOptions, 'connections' | 'onFault'>
  /** Whether a connection that has just been accepted is one too many, and to be cut off. */
  readonly isFull: () => boolean
  /** Told of a handler that threw: a bug of ours. */
  readonly onFault: (fault: unknown) => void
}

export class PublicPort {
  /** What publishes to the WebSockets. */
  readonly apps: PublicApps
  readonly connections = new HttpConnections()
  readonly traffic: Traffic = { bytes: 0, unanswered: 0 }
  readonly #host: string
  #number: number
  #certificate: Certificate | undefined
  readonly #listeners: Listener[] = []

  /** @throws ResoundError RESOUND_TLS_INVALID */
  constructor({ host, port, tls }: PublicPortOptions) {
    this.#host = host
    this.#number = port
    this.apps = new PublicApps(tls)
    this.#certificate = tls === undefined ? undefined : readCertificate(tls)
  }

  /** As bound, once it is. */
  get number(): number {
    return this.#number
  }

  /** When the certificate ends, in Unix time in milliseconds; undefined without TLS. */
  get certificateEnd(): number | undefined {
    return this.#certificate?.endsAt
  }

  /** Serves this to whoever connects, under later certificates too. */
  serve({ sessions, api, webSockets, http, isFull, onFault }: Served): void {
    const { connections, traffic } = this
    const onUpgrade = (): void => connections.upgraded()
    const onClose = (): void => connections.closed()
    this.apps.serve((generation) => {
      connections.watch(generation.app, isFull)
      serveWebSockets(generation, sessions, { ...webSockets, onUpgrade, onClose, onFault })
      serveHttp(generation.app, api, { ...http, connections, onFault }, traffic)
    })
  }

  /** Listens, alone. @throws ResoundError RESOUND_PORT_IN_USE or RESOUND_LISTEN_FAILED */
  listen(): void {
    const listener = listen(this.apps.listening, this.#host, this.#number)
    this.#listeners.push(listener)
    this.#number = listener.port
  }

  /** Listens beside other processes of ours. @throws ResoundError when it cannot be used */
  join(): void {
    this.#listeners.push(join(this.apps.listening, this.#host, this.#number))
  }

  /** Takes no more connections; those there are go on. */
  stopListening(): void {
    for (const listener of this.#listeners.splice(0)) listener.close()
  }

  /**
   * Gives new connections the certificate that the files hold now, where it is another.
   * @throws ResoundError RESOUND_TLS_INVALID, and then nothing has changed
   */
  renew(tls: Tls): void {
    if (this.#certificate === undefined) return
    const read = readCertificate(tls)
    if (read.fingerprint === this.#certificate.fingerprint) return
    this.apps.renew(tls)
    this.#certificate = read
  }

  /** Cuts off whatever is left. */
  close(): void {
    this.stopListening()
    this.apps.close()
  }
}
