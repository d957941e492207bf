/**
 * HTTP requests to hosts that a configuration names: the one way out of this server.
 *
 * Guarded against being turned on the network that it stands in: unless allowed, no host that resolves
 * to a private, loopback, link-local or otherwise special address, and what was checked is what is
 * connected to. Redirects are answers, not orders. Time and size of an answer are bounded.
 */
import { lookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { Agent, type Dispatcher, errors } from 'undici'
import { isPrivateHost, PrivateAddress, publicOnly } from './address.ts'

export interface OutwardOptions {
  /** For all of a request: resolving, connecting, sending, and the whole answer. */
  readonly timeoutMilliseconds: number
  /** Largest answer, in bytes of its body. */
  readonly answerBytes: number
  readonly allowPrivateAddress: boolean
  /** Most connections to one host. */
  readonly connections: number
  /** Finds a name's addresses; the system's resolver when left out. */
  readonly lookup?: LookupFunction
}

export interface OutwardAnswer {
  readonly status: number
  /** By lower-case name; of a repeated one the first. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Why there is no answer: a label with few values. */
export type OutwardFailure =
  | 'private-address'
  | 'unresolvable'
  | 'unreachable'
  | 'tls'
  | 'timeout'
  | 'too-large'
  | 'aborted'

export type OutwardOutcome =
  | { readonly ok: true; readonly answer: OutwardAnswer }
  | { readonly ok: false; readonly failure: OutwardFailure; readonly reason: string }

export interface OutwardRequest {
  /** `http:` or `https:`. */
  readonly url: string
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /**
   * Whether it is sent again, once, when a connection ends before any answer: as happens where a
   * host ends one that was idle at the moment of its next use (RFC 9110, section 9.2.2).
   */
  readonly isRepeatable?: boolean
  /** Gives the request up: nobody waits for its answer any more. */
  readonly signal?: AbortSignal
}

export class Outward {
  readonly #options: OutwardOptions
  readonly #agent: Agent

  constructor(options: OutwardOptions) {
    this.#options = options
    const { lookup: resolve = lookup } = options
    this.#agent = new Agent({
      connections: options.connections,
      pipelining: 1,
      connect: {
        lookup: options.allowPrivateAddress ? resolve : publicOnly(resolve),
        timeout: options.timeoutMilliseconds,
      },
      headersTimeout: options.timeoutMilliseconds,
      bodyTimeout: options.timeoutMilliseconds,
    })
  }

  /** Makes one request. Never rejects: no answer is an outcome, too. */
  async request(request: OutwardRequest): Promise<OutwardOutcome> {
    const { url, method, headers, body, isRepeatable = false, signal } = request
    const { hostname } = new URL(url)
    if (!this.#options.allowPrivateAddress && isPrivateHost(hostname)) {
      return {
        ok: false,
        failure: 'private-address',
        reason: `${hostname} is not a public address`,
      }
    }
    // A timer of our own: `AbortSignal.timeout` keeps one beyond every request that was answered.
    const ending = new AbortController()
    const abort = (): void => ending.abort(new Aborted())
    const timer = setTimeout(() => ending.abort(new TimedOut()), this.#options.timeoutMilliseconds)
    signal?.addEventListener('abort', abort)
    if (signal?.aborted === true) abort()
    try {
      const options = {
        ...whereOf(url),
        method,
        headers,
        body: body ?? null,
        signal: ending.signal,
      }
      const response = await this.#agent.request(options).catch((error: unknown) => {
        if (isRepeatable && hasHungUp(error)) return this.#agent.request(options)
        throw error
      })
      const text = await this.#read(response)
      return {
        ok: true,
        answer: { status: response.statusCode, headers: firstOf(response.headers), body: text },
      }
    } catch (error) {
      return { ok: false, ...failureOf(error) }
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
  }

  /** Ends every connection at once; requests in flight fail. */
  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  async #read({ body }: Dispatcher.ResponseData): Promise<string> {
    const pieces: Buffer[] = []
    let size = 0
    for await (const piece of body) {
      if (!Buffer.isBuffer(piece)) throw new TypeError('an answer is bytes')
      size += piece.length
      if (size > this.#options.answerBytes) throw new TooLarge(this.#options.answerBytes)
      pieces.push(piece)
    }
    return Buffer.concat(pieces, size).toString('utf8')
  }
}

class TooLarge extends Error {
  constructor(bytes: number) {
    super(`the answer is larger than ${bytes} bytes`)
  }
}

class TimedOut extends Error {}

class Aborted extends Error {
  constructor() {
    super('nobody waits for the answer')
  }
}

function whereOf(url: string): { origin: string; path: string } {
  const { origin, pathname, search } = new URL(url)
  return { origin, path: `${pathname}${search}` }
}

function firstOf(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      const first = Array.isArray(value) ? value[0] : value
      return first === undefined ? [] : [[name, first]]
    }),
  )
}

/** Whether the host ended a connection, which had been in use before as far as that can be told. */
function hasHungUp(error: unknown): boolean {
  if (error instanceof errors.SocketError) return (error.socket?.bytesRead ?? 0) > 0
  return error instanceof Error && 'code' in error && error.code === 'ECONNRESET'
}

const TIMEOUT = /^(ETIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT)$/
const UNRESOLVABLE = /^(ENOTFOUND|EAI_\w+|ENODATA)$/
/** Node.js, then OpenSSL's verdicts on a certificate, then a handshake that was none. */
const TLS =
  /^(ERR_TLS|ERR_SSL|CERT_|CRL_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|EPROTO$)/

function failureOf(error: unknown): { failure: OutwardFailure; reason: string } {
  if (!(error instanceof Error)) throw error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const reason = error.message === '' ? code : error.message
  if (error instanceof PrivateAddress) return { failure: 'private-address', reason }
  if (error instanceof TooLarge) return { failure: 'too-large', reason }
  if (error instanceof Aborted) return { failure: 'aborted', reason }
  if (error instanceof TimedOut || TIMEOUT.test(code)) {
    return { failure: 'timeout', reason: 'no answer in time' }
  }
  if (UNRESOLVABLE.test(code)) return { failure: 'unresolvable', reason }
  if (TLS.test(code)) return { failure: 'tls', reason }
  // Of the network or of undici, both of which name what they know; anything else is a bug of ours.
  if (code === '' && !(error instanceof errors.HTTPParserError)) throw error
  return { failure: 'unreachable', reason }
}
