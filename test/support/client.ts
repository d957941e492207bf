/** A raw Pusher-protocol client: sees every frame, sends whatever a test wants. */
import { createHmac } from 'node:crypto'
import { WebSocket } from 'ws'
import { PATIENCE_MILLISECONDS } from './patience.ts'

/** A frame as received, with `data` parsed when it is JSON text. */
export interface Frame {
  readonly event: string
  readonly channel?: string
  readonly data?: unknown
  readonly user_id?: string
}

export interface Closed {
  readonly code: number
  readonly reason: string
}

export class TestClient {
  readonly #socket: WebSocket
  readonly #app: { readonly key: string; readonly secret: string }
  readonly #frames: string[] = []
  readonly #settled: () => Promise<void>
  readonly #waiting: ((text: string | undefined) => void)[] = []
  /** Resolves when the connection is over. */
  readonly closed: Promise<Closed>
  #socketId = ''
  #isClosed = false

  constructor(
    url: string,
    app: { key: string; secret: string },
    {
      settled = () => Promise.resolve(),
      ...options
    }: {
      headers?: Record<string, string>
      autoPong?: boolean
      /** Resolves when what was sent by others has come to this client's node. */
      settled?: () => Promise<void>
    } = {},
  ) {
    this.#app = app
    this.#settled = settled
    this.#socket = new WebSocket(url, { rejectUnauthorized: false, ...options })
    this.#socket.on('message', (bytes: Buffer) => {
      const text = bytes.toString('utf8')
      const waiting = this.#waiting.shift()
      if (waiting === undefined) this.#frames.push(text)
      else waiting(text)
    })
    this.closed = new Promise((resolve, reject) => {
      let opened = false
      this.#socket.on('open', () => {
        opened = true
      })
      this.#socket.on('error', (error) => {
        if (!opened) reject(error)
      })
      this.#socket.on('close', (code, reason) => {
        this.#isClosed = true
        for (const waiting of this.#waiting.splice(0)) waiting(undefined)
        resolve({ code, reason: reason.toString('utf8') })
      })
    })
    this.closed.catch(() => undefined) // whoever awaits it sees the failure; nobody has to
  }

  get socketId(): string {
    return this.#socketId
  }

  /** The connection itself, for tests of what goes below the protocol. */
  get socket(): WebSocket {
    return this.#socket
  }

  /** Waits for `connection_established`, which has to be the first frame. */
  async established(): Promise<this> {
    const frame = await this.next()
    if (frame.event !== 'pusher:connection_established') {
      throw new Error(`the first frame was ${JSON.stringify(frame)}`)
    }
    this.#socketId = (frame.data as { socket_id: string }).socket_id
    return this
  }

  /** The next frame as text. */
  async nextText(): Promise<string> {
    const ready = this.#frames.shift()
    if (ready !== undefined) return ready
    if (this.#isClosed) throw new Error('the connection is closed, and no frame is left')
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no frame came')), PATIENCE_MILLISECONDS)
      this.#waiting.push((text) => {
        clearTimeout(timer)
        if (text === undefined) reject(new Error('the connection closed before a frame came'))
        else resolve(text)
      })
    })
  }

  /** The next frame, its data parsed. */
  async next(): Promise<Frame> {
    return parse(await this.nextText())
  }

  /** Proves that nothing was sent: the answer to a ping is the next frame. */
  async expectNothing(): Promise<void> {
    await this.#settled()
    this.send({ event: 'pusher:ping', data: {} })
    const frame = await this.next()
    if (frame.event !== 'pusher:pong') throw new Error(`unexpected ${JSON.stringify(frame)}`)
  }

  send(message: unknown): void {
    this.sendText(JSON.stringify(message))
  }

  sendText(text: string | Buffer): void {
    this.#socket.send(text)
  }

  /** `auth` for a channel of this connection. */
  sign(channel: string, channelData?: string): string {
    const text = [this.#socketId, channel, channelData]
      .filter((part) => part !== undefined)
      .join(':')
    return `${this.#app.key}:${createHmac('sha256', this.#app.secret).update(text).digest('hex')}`
  }

  /** `auth` for signing in. */
  signUser(userData: string): string {
    const text = `${this.#socketId}::user::${userData}`
    return `${this.#app.key}:${createHmac('sha256', this.#app.secret).update(text).digest('hex')}`
  }

  /** Subscribes, signed where the name asks for it. @returns the answer */
  async subscribe(channel: string, channelData?: unknown): Promise<Frame> {
    const text = channelData === undefined ? undefined : JSON.stringify(channelData)
    const guarded = channel.startsWith('private-') || channel.startsWith('presence-')
    const auth = guarded ? this.sign(channel, text) : undefined
    this.send({ event: 'pusher:subscribe', data: { channel, auth, channel_data: text } })
    return this.next()
  }

  unsubscribe(channel: string): void {
    this.send({ event: 'pusher:unsubscribe', data: { channel } })
  }

  /** Signs in. @returns the answer */
  async signIn(user: unknown): Promise<Frame> {
    const userData = JSON.stringify(user)
    this.send({
      event: 'pusher:signin',
      data: { auth: this.signUser(userData), user_data: userData },
    })
    return this.next()
  }

  /** Closes and waits until it is over. */
  async close(code?: number): Promise<Closed> {
    this.#socket.close(code)
    return this.closed
  }

  /** Drops the connection without a close frame. */
  terminate(): void {
    this.#socket.terminate()
  }
}

export function parse(text: string): Frame {
  const frame = JSON.parse(text) as Frame
  if (typeof frame.data !== 'string') return frame
  try {
    return { ...frame, data: JSON.parse(frame.data) }
  } catch {
    return frame // a text that is not JSON is passed on as it is
  }
}
