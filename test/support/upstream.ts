/** An HTTP server where the bridge finds its Laravel app: it answers what a test wants, and remembers what it was asked. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Inbox } from './inbox.ts'

export interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly form: URLSearchParams
}

/** What answers: a status and a body, or anything at all with the response in hand. */
export type Answer =
  | { readonly status?: number; readonly headers?: Record<string, string>; readonly body?: string }
  | ((response: ServerResponse, asked: Asked) => void)

export class Upstream implements AsyncDisposable {
  answer: Answer
  readonly asked: Asked[] = []
  /** Every request as it comes in. */
  readonly arrivals = new Inbox()
  /** Connections that were opened. */
  connections = 0
  readonly #server: Server

  private constructor(answer: Answer) {
    this.answer = answer
    this.#server = createServer((request, response) => {
      const pieces: Buffer[] = []
      request.on('data', (piece: Buffer) => pieces.push(piece))
      request.on('end', () => {
        const { method = '', url: path = '', headers } = request
        const form = new URLSearchParams(Buffer.concat(pieces).toString('utf8'))
        const asked = { method, path, headers, form }
        this.asked.push(asked)
        this.#respond(response, asked)
        this.arrivals.push(asked)
      })
    })
    this.#server.on('connection', () => {
      this.connections += 1
    })
  }

  /** @param answer Laravel's `true` when left out */
  static async start(answer: Answer = { body: 'true' }): Promise<Upstream> {
    const upstream = new Upstream(answer)
    upstream.#server.listen(0, '127.0.0.1')
    await once(upstream.#server, 'listening')
    return upstream
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  #respond(response: ServerResponse, asked: Asked): void {
    if (typeof this.answer === 'function') {
      this.answer(response, asked)
      return
    }
    const { status = 200, headers = { 'Content-Type': 'text/html' }, body = '' } = this.answer
    response.writeHead(status, headers).end(body)
  }
}
