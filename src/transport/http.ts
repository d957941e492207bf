/**
 * HTTP: collects a bounded body, hands the request on once, writes the answer.
 */
import type { TemplatedApp, HttpResponse as UwsResponse } from 'uWebSockets.js'
import { type HttpRequest, type HttpResponse, refusal } from '../http-api/exchange.ts'

export type HttpHandler = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>

export interface HttpOptions {
  /** Largest body in bytes. */
  readonly bodyBytes: number
  /** Told of a handler that threw: a bug of ours, answered with 500. */
  readonly onFault: (fault: unknown) => void
}

const NO_BODY = new Uint8Array(0)

/** Answers every HTTP request of the app with `handler`. */
export function serveHttp(app: TemplatedApp, handler: HttpHandler, options: HttpOptions): void {
  const { bodyBytes } = options
  app.any('/*', (res, req) => {
    const reply = new Reply(res)
    const length = req.getHeader('content-length')
    const hasBody = length !== '' || req.getHeader('transfer-encoding') !== ''
    const request = {
      method: req.getMethod().toUpperCase(),
      path: req.getUrl(),
      query: req.getQuery() ?? '',
      authorization: req.getHeader('authorization'),
    }
    if (Number(length) > bodyBytes) reply.write(tooLarge(bodyBytes), 'close')
    else if (hasBody)
      readBody(res, bodyBytes, reply, (body) => respond({ ...request, body }, reply))
    else respond({ ...request, body: NO_BODY }, reply)
  })

  function respond(request: HttpRequest, reply: Reply): void {
    try {
      const answer = handler(request)
      if (answer instanceof Promise) answer.then((response) => reply.write(response)).catch(fault)
      else reply.write(answer)
    } catch (error) {
      fault(error)
    }
    function fault(error: unknown): void {
      options.onFault(error)
      reply.write(refusal(500, 'This is a fault of the server; its log says more.'))
    }
  }
}

/** Collects a body; most come in one piece, which is handed on where it lies. */
function readBody(
  res: UwsResponse,
  most: number,
  reply: Reply,
  done: (body: Uint8Array) => void,
): void {
  let pieces: Buffer[] | undefined
  let size = 0
  res.onData((piece, isLast) => {
    if (reply.isOver) return
    size += piece.byteLength
    if (size > most) {
      reply.write(tooLarge(most), 'close')
    } else if (isLast && pieces === undefined) {
      done(new Uint8Array(piece))
    } else {
      pieces ??= []
      pieces.push(Buffer.from(piece.slice(0))) // a copy: `piece` is emptied when this returns
      if (isLast) done(Buffer.concat(pieces, size))
    }
  })
}

const tooLarge = (most: number): HttpResponse =>
  refusal(413, `The request body is larger than ${most} bytes.`)

/** Writes one answer, unless the client is gone. */
class Reply {
  readonly #res: UwsResponse
  #isOver = false

  constructor(res: UwsResponse) {
    this.#res = res
    res.onAborted(() => {
      this.#isOver = true
    })
  }

  get isOver(): boolean {
    return this.#isOver
  }

  write({ status, body, headers, contentType }: HttpResponse, then?: 'close'): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#res.cork(() => {
      this.#res.writeStatus(STATUS[status] ?? String(status))
      this.#res.writeHeader('Content-Type', contentType ?? 'application/json')
      for (const name in headers) this.#res.writeHeader(name, headers[name] ?? '')
      this.#res.end(body, then === 'close')
    })
  }
}

const STATUS: Readonly<Record<number, string>> = {
  200: '200 OK',
  400: '400 Bad Request',
  401: '401 Unauthorized',
  403: '403 Forbidden',
  404: '404 Not Found',
  405: '405 Method Not Allowed',
  413: '413 Content Too Large',
  500: '500 Internal Server Error',
  503: '503 Service Unavailable',
}
