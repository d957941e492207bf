/** Somebody who looks on: a stream of server-sent events of the admin API. */
import { EventEmitter, once } from 'node:events'
import { PATIENCE_MILLISECONDS } from './patience.ts'

type Sight = Readonly<Record<string, unknown>>

export class Viewer implements Disposable {
  readonly #sights: Sight[] = []
  readonly #news = new EventEmitter()
  readonly #leaving = new AbortController()
  #isOver = false

  /** Resolves when it is looking. */
  static async open(url: string, headers: Record<string, string> = {}): Promise<Viewer> {
    const viewer = new Viewer()
    const response = await fetch(url, { headers, signal: viewer.#leaving.signal })
    if (response.status !== 200 || response.body === null) {
      throw new Error(`${response.status}: ${await response.text()}`)
    }
    void viewer.#read(response.body)
    return viewer
  }

  /** The next thing seen, without its time. */
  async next(): Promise<Sight> {
    const signal = AbortSignal.timeout(PATIENCE_MILLISECONDS)
    for (;;) {
      const sight = this.#sights.shift()
      if (sight !== undefined) {
        const { time, ...rest } = sight
        if (typeof time !== 'number') throw new Error('what is seen has a time')
        return rest
      }
      if (this.#isOver) throw new Error('the stream has ended')
      await once(this.#news, 'news', { signal })
    }
  }

  /** The next thing of a kind; what comes before it is passed over. */
  async nextOf(kind: string): Promise<Sight> {
    for (;;) {
      const sight = await this.next()
      if (sight['kind'] === kind) return sight
    }
  }

  leave(): void {
    this.#leaving.abort()
  }

  [Symbol.dispose](): void {
    this.leave()
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder()
    let text = ''
    try {
      for await (const piece of body) {
        text += decoder.decode(piece, { stream: true })
        const messages = text.split('\n\n')
        text = messages.pop() ?? ''
        for (const message of messages) {
          if (message.startsWith('data: ')) this.#sights.push(JSON.parse(message.slice(6)))
        }
        this.#news.emit('news')
      }
    } catch {
      // it left, or the server is gone
    }
    this.#isOver = true
    this.#news.emit('news')
  }
}
