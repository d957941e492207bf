/**
 * A WebSocket as a browser opens one, to see how far it comes: connected, and subscribed with a signature.
 *
 * Certificates are not looked at here; the way in is a matter of its own.
 */
import { Agent, WebSocket } from 'undici'

const MILLISECONDS = 5000

/** Where, as which app, and from which page. */
export interface Dialled {
  /** `http(s)://host:port` with a path prefix. */
  readonly url: string
  readonly key: string
  /** Of the page; undefined for a client that is none. */
  readonly origin?: string | undefined
}

/** What the server said to a subscription; the data of its event. */
export type Subscribed =
  | { readonly isSubscribed: true; readonly data: unknown }
  | { readonly isSubscribed: false; readonly data: unknown }

/** No connection of this protocol came about, or it has ended; the message says why. */
export class NotConnected extends Error {
  /** The code that the server refused it with. */
  readonly code: number | undefined

  constructor(message: string, code?: number) {
    super(message)
    this.code = code
  }
}

export interface Frame {
  readonly event: string
  readonly channel?: unknown
  readonly data?: unknown
}

export class PusherSocket implements Disposable {
  readonly #agent: Agent
  readonly #socket: WebSocket
  readonly #socketId: string

  private constructor(socket: WebSocket, agent: Agent, socketId: string) {
    this.#socket = socket
    this.#agent = agent
    this.#socketId = socketId
    socket.addEventListener('message', ({ data }) => {
      if (objectOf(data)['event'] === 'pusher:ping') socket.send(PONG)
    })
  }

  /** @throws NotConnected */
  static async open({ url, key, origin }: Dialled, signal: AbortSignal): Promise<PusherSocket> {
    const agent = new Agent({ connect: { rejectUnauthorized: false, timeout: MILLISECONDS } })
    const address = `${url.replace(/^http/, 'ws')}/app/${encodeURIComponent(key)}?protocol=7&client=resound-diagnose&version=1&flash=false`
    const headers = origin === undefined ? {} : { origin }
    const socket = new WebSocket(address, { dispatcher: agent, headers })
    try {
      const { data } = await frame(socket, signal, ({ event }) => {
        return event === 'pusher:connection_established' || event === 'pusher:error'
      })
      const { socket_id: id, message, code } = objectOf(data)
      if (typeof id === 'string') return new PusherSocket(socket, agent, id)
      throw new NotConnected(`the server said ${String(code)}: ${String(message)}`, Number(code))
    } catch (fault) {
      socket.close()
      void agent.destroy()
      throw fault
    }
  }

  get socketId(): string {
    return this.#socketId
  }

  /** Subscribes as a client does that has been authorised. @throws NotConnected when it is closed meanwhile */
  async subscribe(
    data: { readonly channel: string; readonly auth?: string; readonly channel_data?: string },
    signal: AbortSignal,
  ): Promise<Subscribed> {
    const answer = frame(this.#socket, signal, ({ event, channel }) => {
      return (channel === data.channel && ANSWERS.test(event)) || event === 'pusher:error'
    })
    this.#socket.send(JSON.stringify({ event: 'pusher:subscribe', data }))
    const { event, data: said } = await answer
    return { isSubscribed: event === 'pusher_internal:subscription_succeeded', data: said }
  }

  /** Hands on what comes from now on. @param ended is called when nothing comes any more */
  listen(comes: (frame: Frame) => void, ended: () => void): void {
    this.#socket.addEventListener('message', ({ data }) => comes(frameIn(data)))
    this.#socket.addEventListener('close', ended)
  }

  [Symbol.dispose](): void {
    this.#socket.close()
    void this.#agent.destroy()
  }
}

const ANSWERS = /^pusher(_internal)?:subscription_(succeeded|error)$/

const PONG = '{"event":"pusher:pong","data":{}}'

/** What is no frame of the protocol is one of an event without a name. */
function frameIn(text: unknown): Frame {
  const { event, channel, data } = objectOf(text)
  return { event: String(event ?? ''), channel, data }
}

/** The first frame that is one of those looked for. */
function frame(
  socket: WebSocket,
  signal: AbortSignal,
  isMeant: (frame: Frame) => boolean,
): Promise<Frame> {
  const ended = new AbortController()
  const end = AbortSignal.any([signal, AbortSignal.timeout(MILLISECONDS)])
  return new Promise<Frame>((resolve, reject) => {
    const listen = { signal: ended.signal }
    const fail = (why: string): void => reject(new NotConnected(why))
    socket.addEventListener(
      'message',
      ({ data }) => {
        const frame = frameIn(data)
        if (isMeant(frame)) resolve(frame)
      },
      listen,
    )
    socket.addEventListener('error', ({ error }) => fail(reasonOf(error)), listen)
    socket.addEventListener('close', ({ code }) => fail(`it was closed with ${code}`), listen)
    end.addEventListener('abort', () => fail('no answer in time'), listen)
  }).finally(() => ended.abort())
}

/** The reason nearest to the network. */
function reasonOf(error: unknown): string {
  let deepest = error
  while (deepest instanceof Error && deepest.cause !== undefined) deepest = deepest.cause
  if (!(deepest instanceof Error)) return 'the connection failed'
  return 'code' in deepest ? `${String(deepest.code)} ${deepest.message}`.trim() : deepest.message
}

/** A JSON object, or one inside of a string, as this protocol has its data; `{}` for anything else. */
function objectOf(text: unknown): Record<string, unknown> {
  if (typeof text === 'object' && text !== null) return text as Record<string, unknown>
  try {
    const value: unknown = JSON.parse(String(text))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {} // no frame of the protocol
  }
}
