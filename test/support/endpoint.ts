/** A real HTTP endpoint of an app: keeps what is posted to it, and answers as a test says. */
import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { PATIENCE_MILLISECONDS } from './patience.ts'

export interface Posted {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  /** The exact text. */
  readonly body: string
}

/** What it answers, at once or when a promise resolves. */
export type Answer = { readonly status: number; readonly headers?: Record<string, string> }

export class TestEndpoint implements AsyncDisposable {
  /** Everything that was posted, repeated requests included. */
  readonly posted: Posted[] = []
  readonly #server: Server
  readonly #news = new EventEmitter()
  #read = 0
  #answer: (posted: Posted) => Answer | Promise<Answer> = () => ({ status: 200 })

  private constructor() {
    this.#news.setMaxListeners(0)
    this.#server = createServer(async (request, response) => {
      const body = (await buffer(request)).toString('utf8')
      const { method = '', url: path = '', headers, rawHeaders } = request
      const posted = { method, path, headers, rawHeaders, body }
      this.posted.push(posted)
      this.#news.emit('posted')
      const { status, headers: answered = {} } = await this.#answer(posted)
      response.writeHead(status, answered).end()
    })
  }

  static async start(): Promise<TestEndpoint> {
    const endpoint = new TestEndpoint()
    endpoint.#server.listen(0, '127.0.0.1')
    await once(endpoint.#server, 'listening')
    return endpoint
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    return address.port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`
  }

  /** How it answers from now on. */
  answer(how: (posted: Posted) => Answer | Promise<Answer>): void {
    this.#answer = how
  }

  /** The events of everything posted so far, in order. */
  get events(): Record<string, unknown>[] {
    return this.posted.flatMap(({ body }) => JSON.parse(body).events)
  }

  /** The next request nobody has asked for yet. */
  async next(): Promise<Posted> {
    await this.until(() => this.posted.length > this.#read)
    const posted = this.posted[this.#read]
    this.#read += 1
    if (posted === undefined) throw new Error('nothing was posted')
    return posted
  }

  /** Waits for this many events. @returns all there are */
  async eventsUntil(count: number): Promise<Record<string, unknown>[]> {
    await this.until(() => this.events.length >= count)
    return this.events
  }

  /** Waits until something is so, looking after each request. */
  async until(isSo: () => boolean): Promise<void> {
    const signal = AbortSignal.timeout(PATIENCE_MILLISECONDS)
    while (!isSo()) await once(this.#news, 'posted', { signal })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }
}
