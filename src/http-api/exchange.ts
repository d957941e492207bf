/**
 * An HTTP request and its answer, as the transport and the API exchange them.
 */
export interface HttpRequest {
  /** Upper case. */
  readonly method: string
  /** As received, without the query. */
  readonly path: string
  /** Without the question mark. */
  readonly query: string
  /** When all of it was there, in milliseconds of `performance.now()`. */
  readonly receivedAt: number
  /** Valid only until the handler returns or awaits. */
  readonly body: Buffer
  readonly authorization: string
  /** A header by its lower-case name; empty when it is absent, or was not asked to be kept. */
  header(name: string): string
  /** Calls `listener` if the client goes away before it is answered. For one listener. */
  onGone(listener: () => void): void
}

export interface HttpResponse {
  readonly status: number
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
  /** JSON when left out. */
  readonly contentType?: string
  /** Goes on after `body`, until the client is gone. */
  readonly stream?: Stream
}

/**
 * An answer that goes on.
 * @returns what to do when the client is gone
 */
export type Stream = (sink: Sink) => () => void

/** Where an answer that goes on is written to. */
export interface Sink {
  /** @returns false where the client is behind: nothing was written then, and it is for the writer to say so later */
  write(text: string): boolean
  end(): void
}

/** Success with nothing to tell. It has to be an object: SDKs read it as one. */
export const DONE: HttpResponse = { status: 200, body: '{}' }

export const json = (value: object): HttpResponse => ({ status: 200, body: JSON.stringify(value) })

/** A refusal. Laravel shows the body to the developer, so the text says what to do. */
export function refusal(
  status: number,
  text: string,
  headers?: Readonly<Record<string, string>>,
): HttpResponse {
  const body = JSON.stringify({ error: text, code: status })
  return headers === undefined ? { status, body } : { status, body, headers }
}

export const isRefusal = (value: object): value is HttpResponse => 'status' in value
