/**
 * Private channels that are subscribed to without a signature: where an app has
 * `laravel.authAtSubscribe`, Laravel is asked in the name of the page, with the cookies of its
 * WebSocket's upgrade.
 *
 * Any page on the web can open a WebSocket that carries its visitor's cookies. They are kept only of
 * pages whose origin the app lists.
 */
import type { Logger } from 'pino'
import { allowsAnyHost } from '../apps/origin.ts'
import type { Allowed, Bridge, Refused } from '../bridge/bridge.ts'
import { headersFor } from '../bridge/headers.ts'
import { subjectOf } from '../bridge/subject.ts'
import type { Connection } from '../hub/connection.ts'

/** Most questions of one connection at once, as a browser has of one page. */
const MOST_AT_ONCE = 6

type Decided = (verdict: Allowed | Refused) => void

/** Whoever opened a connection, and the channels that it waits for. */
interface Visitor {
  readonly headers: Readonly<Record<string, string>>
  /** In the order in which they were asked for. */
  readonly waiting: Map<string, Decided>
  readonly asking: Map<string, AbortController>
}

export class AtSubscribe {
  readonly #bridge: Bridge
  readonly #log: Logger
  readonly #visitors = new WeakMap<Connection, Visitor>()

  constructor({ bridge, log }: { bridge: Bridge; log: Logger }) {
    this.#bridge = bridge
    this.#log = log
  }

  /**
   * Keeps what an upgrade says about who asks, where Laravel is going to need it.
   * @param upgrade whose headers go by their lower-case names, and are empty where there are none
   */
  keep(connection: Connection, upgrade: { header(name: string): string }): void {
    const { laravel, allowedOrigins } = connection.app.settings
    if (!laravel.authAtSubscribe || laravel.authUrl === undefined) return
    // Without an origin it is no page, and nobody has checked whose cookies these are.
    if (upgrade.header('origin') === '' || allowsAnyHost(allowedOrigins)) return
    const headers = headersFor((name) => upgrade.header(name))
    this.#visitors.set(connection, { headers, waiting: new Map(), asking: new Map() })
  }

  /** Whether Laravel is asked for this connection. */
  serves(connection: Connection): boolean {
    const { authAtSubscribe, authUrl } = connection.app.settings.laravel
    return authAtSubscribe && authUrl !== undefined && this.#visitors.has(connection)
  }

  /** How many channels a connection waits for. */
  pending(connection: Connection): number {
    const visitor = this.#visitors.get(connection)
    return visitor === undefined ? 0 : visitor.waiting.size + visitor.asking.size
  }

  /**
   * Asks whether a connection may subscribe to a private channel. A question that is already on its
   * way is not asked again: its answer is for both.
   * @param decided is called once, later, unless the question is withdrawn before
   */
  ask(connection: Connection, channel: string, decided: Decided): void {
    const visitor = this.#visitors.get(connection)
    if (visitor === undefined || visitor.waiting.has(channel) || visitor.asking.has(channel)) return
    visitor.waiting.set(channel, decided)
    this.#proceed(connection, visitor)
  }

  /** The connection does not want this channel any more. */
  withdraw(connection: Connection, channel: string): void {
    const visitor = this.#visitors.get(connection)
    if (visitor === undefined || visitor.waiting.delete(channel)) return
    visitor.asking.get(channel)?.abort()
    visitor.asking.delete(channel)
    this.#proceed(connection, visitor)
  }

  /** The connection is closed. */
  forget(connection: Connection): void {
    const visitor = this.#visitors.get(connection)
    if (visitor === undefined) return
    this.#visitors.delete(connection)
    visitor.waiting.clear()
    for (const leaving of visitor.asking.values()) leaving.abort()
  }

  /** Something that was waited for has thrown. */
  failed(fault: unknown): void {
    this.#log.error({ err: fault }, 'a request failed by a fault of ours')
  }

  /** Asks for as many of the waiting channels as may be asked for at once. */
  #proceed(connection: Connection, visitor: Visitor): void {
    for (const [channel, decided] of visitor.waiting) {
      if (visitor.asking.size >= MOST_AT_ONCE) return
      visitor.waiting.delete(channel)
      const leaving = new AbortController()
      visitor.asking.set(channel, leaving)
      this.#question(connection, visitor, channel, leaving.signal)
        .then((verdict) => {
          if (leaving.signal.aborted) return // withdrawn, and perhaps asked again since
          visitor.asking.delete(channel)
          decided(verdict)
          this.#proceed(connection, visitor)
        })
        .catch((fault: unknown) => {
          this.failed(fault)
          if (visitor.asking.get(channel) === leaving) visitor.asking.delete(channel)
          this.#proceed(connection, visitor)
        })
    }
  }

  async #question(
    { app, socketId }: Connection,
    { headers }: Visitor,
    channel: string,
    signal: AbortSignal,
  ): Promise<Allowed | Refused> {
    const subject = subjectOf(channel, app)
    if (typeof subject !== 'string') return this.#bridge.refuse(app, subject)
    const form = { socketId, channel, more: [] }
    return this.#bridge.ask({ app, subject, form, headers, signal })
  }
}
