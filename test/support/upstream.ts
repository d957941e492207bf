/** An HTTP server where the bridge finds its Laravel app: it answers what a test wants, and remembers what it was asked. */
import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
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

/** A certificate and its key, PEM. */
interface Tls {
  readonly cert: string
  readonly key: string
}

export class Upstream implements AsyncDisposable {
  answer: Answer
  readonly asked: Asked[] = []
  /** Every request as it comes in. */
  readonly arrivals = new Inbox()
  /** Connections that were opened. */
  connections = 0
  readonly #server: Server | TlsServer
  readonly #scheme: 'http' | 'https'

  private constructor(answer: Answer, tls: Tls | undefined) {
    this.answer = answer
    this.#scheme = tls === undefined ? 'http' : 'https'
    const listener: RequestListener = (request, response) => {
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
    }
    this.#server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
    this.#server.on('connection', () => {
      this.connections += 1
    })
  }

  /** @param answer Laravel's `true` when left out */
  static async start(answer: Answer = { body: 'true' }, tls?: Tls): Promise<Upstream> {
    const upstream = new Upstream(answer, tls)
    upstream.#server.listen(0, '127.0.0.1')
    await once(upstream.#server, 'listening')
    return upstream
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
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
