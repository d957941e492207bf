/**
 * A subscription on the server's own port that waits for one canary.
 */
import { type Frame, NotConnected, PusherSocket } from '../pusher-socket.ts'
import { newCanaryChannel } from './canary.ts'

export interface Heard {
  readonly event: string
  /** JSON text, as it came. */
  readonly data: string
}

/** Where the server itself listens. */
export interface Listening {
  /** `http://127.0.0.1:8080`, with the path prefix. */
  readonly url: string
  /** Of the app. */
  readonly key: string
}

export class CanaryListener implements Disposable {
  readonly channel = newCanaryChannel()
  /** In milliseconds: `connect`, `subscribe`. */
  readonly timings: Record<string, number> = {}
  readonly #socket: PusherSocket
  readonly #heard: Heard[] = []
  #onNews: () => void = () => {}
  #isEnded = false

  private constructor(socket: PusherSocket) {
    this.#socket = socket
    socket.listen(
      (frame) => this.#receive(frame),
      () => {
        this.#isEnded = true
        this.#onNews()
      },
    )
  }

  /**
   * Connects and subscribes to a channel of its own.
   * @throws NotConnected what the server said, or what became of the connection
   */
  static async open(where: Listening, signal: AbortSignal): Promise<CanaryListener> {
    const begun = performance.now()
    const took = (): number => Math.round(performance.now() - begun)
    const socket = await PusherSocket.open(where, signal)
    try {
      const listener = new CanaryListener(socket)
      listener.timings['connect'] = took()
      const { isSubscribed, data } = await socket.subscribe({ channel: listener.channel }, signal)
      if (!isSubscribed) throw new NotConnected(`the server said: ${JSON.stringify(data)}`)
      listener.timings['subscribe'] = took()
      return listener
    } catch (fault) {
      socket[Symbol.dispose]()
      throw fault
    }
  }

  /** The next event on its channel; undefined when none comes in time. */
  async hears(milliseconds: number, signal: AbortSignal): Promise<Heard | undefined> {
    await this.#news(milliseconds, signal)
    return this.#heard.shift()
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]()
  }

  #receive({ event, channel, data }: Frame): void {
    if (channel !== this.channel || event.startsWith('pusher_internal:')) return
    this.#heard.push({ event, data: String(data) })
    this.#onNews()
  }

  /** Resolves when something was heard, nothing will be, or the time is up. */
  async #news(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (this.#heard.length > 0 || this.#isEnded || signal.aborted) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        this.#onNews = () => {}
        resolve()
      }
      const timer = setTimeout(done, milliseconds)
      signal.addEventListener('abort', done)
      this.#onNews = done
    })
  }
}
