/**
 * HTTP: collects a bounded body, hands the request on once, writes the answer.
 *
 * hot path: once per request (test/bench, headline). A request whose body came in one piece is
 * answered within the callback that brought it, where uWebSockets.js has corked the socket already.
 */
import type {
  TemplatedApp,
  HttpRequest as UwsRequest,
  HttpResponse as UwsResponse,
} from 'uWebSockets.js'
import { type HttpRequest, type HttpResponse, refusal, type Stream } from '../http-api/exchange.ts'
import type { HttpConnections } from './http-connections.ts'

export type HttpHandler = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>

export interface HttpOptions {
  /** Largest body of a request for a path, in bytes; it can change while the server runs. */
  readonly bodyBytes: (path: string) => number
  /** Headers that requests for a path need beside the authorisation, in lower case; none when left out. */
  readonly headersOf?: (path: string) => readonly string[]
  /** Told the status of an answer that is no handler's: what came was too much, or the handler failed. */
  readonly onUnhandled?: (status: number) => void
  /** The connections that requests come on, where they are counted. */
  readonly connections?: HttpConnections
  /** Told of a handler that threw: a bug of ours, answered with 500. */
  readonly onFault: (fault: unknown) => void
}

const NO_BODY = Buffer.alloc(0)
const NO_HEADERS: ReadonlyMap<string, string> = new Map()

/**
 * Memory for all bodies that are still coming in: whoever sends them has proved nothing yet. Beyond
 * it, publishers are told to try again; a body that comes in one piece is never held.
 */
const MOST_HELD_BYTES = 64 * 1024 * 1024

/** What one piece costs beside its bytes, so that a body in very small pieces is bounded as well. */
const PIECE_BYTES = 128

/** What all requests have in common. */
export interface Traffic {
  /** Bytes of unfinished bodies. */
  bytes: number
  /** Requests that are neither answered nor given up by their client. */
  unanswered: number
}

/**
 * Answers every HTTP request of the app with `handler`.
 * @param traffic where several apps are counted as one
 */
export function serveHttp(
  app: TemplatedApp,
  handler: HttpHandler,
  options: HttpOptions,
  traffic: Traffic = { bytes: 0, unanswered: 0 },
): void {
  app.any('/*', (res, req) => new Exchange(res, req, handler, options, traffic).receive(req))
}

/** One request and its answer, unless the client goes away before. */
class Exchange implements HttpRequest {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly authorization: string
  body: Buffer = NO_BODY
  receivedAt = 0
  #headers = NO_HEADERS
  readonly #res: UwsResponse
  readonly #handler: HttpHandler
  readonly #options: HttpOptions
  readonly #traffic: Traffic
  /** Pieces of a body that did not come whole. */
  #pieces: Buffer[] | undefined
  #size = 0
  #isOver = false
  #gone: (() => void) | undefined

  constructor(
    res: UwsResponse,
    req: UwsRequest,
    handler: HttpHandler,
    options: HttpOptions,
    traffic: Traffic,
  ) {
    this.method = req.getMethod().toUpperCase()
    this.path = req.getUrl()
    this.query = req.getQuery() ?? ''
    this.authorization = req.getHeader('authorization')
    this.#res = res
    this.#handler = handler
    this.#options = options
    this.#traffic = traffic
    traffic.unanswered += 1
    const kept = options.headersOf?.(this.path) ?? []
    if (kept.length > 0) this.#headers = new Map(kept.map((name) => [name, req.getHeader(name)]))
  }

  header(name: string): string {
    return this.#headers.get(name) ?? ''
  }

  onGone(listener: () => void): void {
    this.#gone = listener
  }

  receive(req: UwsRequest): void {
    this.#res.onAborted(() => {
      this.#end()
      this.#gone?.()
    })
    const length = req.getHeader('content-length')
    // Not closed: who is still sending would see a reset instead of the answer. The body is passed over.
    if (Number(length) > this.#options.bodyBytes(this.path)) this.#refuseBody('stay')
    else if (length === '' && req.getHeader('transfer-encoding') === '') this.#respond()
    else this.#res.onData((piece, isLast) => this.#collect(piece, isLast))
  }

  #collect(piece: ArrayBuffer, isLast: boolean): void {
    if (this.#isOver) return
    this.#size += piece.byteLength
    if (this.#size > this.#options.bodyBytes(this.path)) {
      this.#refuseBody('close') // chunks may never end
    } else if (isLast && this.#pieces === undefined) {
      this.body = Buffer.from(piece) // where it lies: `piece` is valid until this returns
      this.#respond()
    } else if (this.#hold(piece) && isLast) {
      this.body = Buffer.concat(this.#pieces ?? [], this.#size)
      this.#release()
      this.#respond()
    }
  }

  /** Keeps a piece until the rest is here. @returns false when there is no room for it */
  #hold(piece: ArrayBuffer): boolean {
    const room = Math.max(MOST_HELD_BYTES, this.#options.bodyBytes(this.path))
    this.#pieces ??= []
    if (this.#traffic.bytes + piece.byteLength + PIECE_BYTES > room) {
      this.#refuse(refusal(503, 'Too many requests are being received. Try again.'), 'close')
      return false
    }
    this.#traffic.bytes += piece.byteLength + PIECE_BYTES
    this.#pieces.push(Buffer.from(piece.slice(0))) // a copy: uWebSockets.js empties `piece`
    return true
  }

  #end(): void {
    if (!this.#isOver) this.#traffic.unanswered -= 1
    this.#isOver = true
    this.#release()
  }

  #release(): void {
    for (const piece of this.#pieces ?? []) this.#traffic.bytes -= piece.byteLength + PIECE_BYTES
    this.#pieces = undefined
  }

  #refuseBody(then: 'stay' | 'close'): void {
    const most = this.#options.bodyBytes(this.path)
    this.#refuse(refusal(413, `The request body is larger than ${most} bytes.`), then)
  }

  #refuse(response: HttpResponse, then: 'stay' | 'close'): void {
    this.#options.onUnhandled?.(response.status)
    this.#write(response, then)
  }

  #respond(): void {
    this.receivedAt = performance.now()
    try {
      const answer = this.#handler(this)
      if (answer instanceof Promise) {
        this.#options.connections?.track(answer)
        answer.then((late) => this.#writeLate(late)).catch((fault) => this.#fail(fault))
      } else this.#write(answer)
    } catch (fault) {
      this.#fail(fault)
    }
  }

  #fail(fault: unknown): void {
    this.#options.onFault(fault)
    this.#options.onUnhandled?.(500)
    this.#writeLate(refusal(500, 'This is a fault of the server; its log says more.'))
  }

  #writeLate(response: HttpResponse): void {
    if (!this.#isOver) this.#res.cork(() => this.#write(response))
  }

  #write(response: HttpResponse, then?: 'stay' | 'close'): void {
    if (this.#isOver) return
    const { status, body, headers, contentType, stream } = response
    this.#end()
    if (status !== 200) this.#res.writeStatus(STATUS[status] ?? String(status))
    this.#res.writeHeader('Content-Type', contentType ?? 'application/json')
    for (const name in headers) this.#res.writeHeader(name, headers[name] ?? '')
    if (stream !== undefined) {
      this.#res.write(body)
      this.#stream(stream)
    } else if (this.method === 'HEAD') {
      // Not as an argument of `endWithoutBody`: uWebSockets.js would wait for the body to follow.
      this.#res.writeHeader('Content-Length', String(Buffer.byteLength(body)))
      this.#res.endWithoutBody()
    } else {
      this.#res.end(body, then === 'close' || this.#options.connections?.isClosing === true)
    }
  }

  /** Its connection ends after 10 s in which nothing is written, as that of any request does. */
  #stream(stream: Stream): void {
    let isFull = false
    let isGone = false
    this.#gone = () => {
      isGone = true
      gone()
    }
    this.#res.onWritable(() => {
      isFull = false
      return true
    })
    const gone = stream({
      write: (text) => {
        if (isGone || isFull) return false
        this.#res.cork(() => {
          isFull = !this.#res.write(text)
        })
        return true
      },
      end: () => {
        if (!isGone) this.#res.cork(() => this.#res.end())
        isGone = true
      },
    })
  }
}

const STATUS: Readonly<Record<number, string>> = {
  400: '400 Bad Request',
  401: '401 Unauthorized',
  403: '403 Forbidden',
  404: '404 Not Found',
  405: '405 Method Not Allowed',
  413: '413 Content Too Large',
  419: '419 Page Expired',
  429: '429 Too Many Requests',
  500: '500 Internal Server Error',
  502: '502 Bad Gateway',
  503: '503 Service Unavailable',
  504: '504 Gateway Timeout',
  508: '508 Loop Detected',
}
