/**
 * A real WebSocket on the server's own port that waits for one canary.
 *
 * The certificate is not looked at: that is for whoever looks at the public address.
 */
import { Agent, WebSocket } from 'undici'
import { newCanaryChannel } from './canary.ts'

export interface Heard {
  readonly event: string
  /** JSON text, as it came. */
  readonly data: string
}

/** Where the server itself listens, without its path prefix. */
export interface Listening {
  /** `http://127.0.0.1:8080`, with the path prefix. */
  readonly url: string
  /** Of the app. */
  readonly key: string
}

/** Longest time from opening the socket to being subscribed. */
const SUBSCRIBE_MILLISECONDS = 5000

export class NotSubscribed extends Error {}

interface Frame {
  readonly event: string
  readonly channel?: string
  readonly data?: unknown
}

export class CanaryListener implements Disposable {
  readonly channel = newCanaryChannel()
  /** In milliseconds: `connect`, `subscribe`. */
  readonly timings: Record<string, number> = {}
  readonly #agent = new Agent({ connect: { rejectUnauthorized: false } })
  readonly #socket: WebSocket
  readonly #heard: Heard[] = []
  #onNews: () => void = () => {}
  #end: string | undefined
  #isSubscribed = false

  private constructor({ url, key }: Listening) {
    const address = `${url.replace(/^http/, 'ws')}/app/${key}?protocol=7&client=resound-diagnose`
    this.#socket = new WebSocket(address, { dispatcher: this.#agent })
    const begun = performance.now()
    this.#socket.addEventListener('message', ({ data }) => this.#receive(String(data), begun))
    this.#socket.addEventListener('error', () => this.#ended('the connection failed'))
    this.#socket.addEventListener('close', ({ code, reason }) => {
      this.#ended(`the connection was closed with ${code}${reason === '' ? '' : `: ${reason}`}`)
    })
  }

  /**
   * Connects and subscribes to a channel of its own.
   * @throws NotSubscribed what the server said, or what became of the connection
   */
  static async open(where: Listening, signal: AbortSignal): Promise<CanaryListener> {
    const listener = new CanaryListener(where)
    try {
      const isReady = (): boolean => listener.#isSubscribed || listener.#end !== undefined
      await listener.#until(isReady, SUBSCRIBE_MILLISECONDS, signal)
      if (listener.#isSubscribed) return listener
      throw new NotSubscribed(listener.#end ?? 'the server did not subscribe it in time')
    } catch (fault) {
      listener[Symbol.dispose]()
      throw fault
    }
  }

  /** The next event on its channel; undefined when none comes in time. */
  async hears(milliseconds: number, signal: AbortSignal): Promise<Heard | undefined> {
    await this.#until(() => this.#heard.length > 0 || this.#end !== undefined, milliseconds, signal)
    return this.#heard.shift()
  }

  [Symbol.dispose](): void {
    this.#socket.close()
    void this.#agent.destroy()
  }

  #receive(text: string, begun: number): void {
    const frame = frameOf(text)
    if (frame?.event === 'pusher:connection_established') {
      this.timings['connect'] = Math.round(performance.now() - begun)
      const data = { channel: this.channel }
      this.#socket.send(JSON.stringify({ event: 'pusher:subscribe', data }))
    } else if (frame?.event === 'pusher_internal:subscription_succeeded') {
      this.timings['subscribe'] = Math.round(performance.now() - begun)
      this.#isSubscribed = true
    } else if (frame?.event === 'pusher:error' || frame?.event === 'pusher:subscription_error') {
      this.#end ??= `the server said: ${JSON.stringify(frame.data)}`
    } else if (frame?.event === 'pusher:ping') {
      this.#socket.send('{"event":"pusher:pong","data":{}}')
    } else if (frame?.channel === this.channel && !frame.event.startsWith('pusher_internal:')) {
      this.#heard.push({ event: frame.event, data: String(frame.data) })
    }
    this.#onNews()
  }

  #ended(why: string): void {
    this.#end ??= why
    this.#onNews()
  }

  /** Resolves when something is so, or the time is up. */
  async #until(isSo: () => boolean, milliseconds: number, signal: AbortSignal): Promise<void> {
    if (isSo() || signal.aborted) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        this.#onNews = () => {}
        resolve()
      }
      const timer = setTimeout(done, milliseconds)
      signal.addEventListener('abort', done)
      this.#onNews = () => {
        if (isSo()) done()
      }
    })
  }
}

function frameOf(text: string): Frame | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && 'event' in value
      ? (value as Frame)
      : undefined
  } catch {
    return undefined // no frame of the protocol: whoever answers there is not asked again
  }
}
