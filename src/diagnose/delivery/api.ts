/**
 * Publishes through an HTTP API as the Pusher SDKs do: signed, in one request, without following
 * redirects.
 */
import { createHash, createHmac } from 'node:crypto'
import { Agent, request } from 'undici'
import { codeOf } from '../code.ts'
import { CANARY_EVENT } from './canary.ts'

export interface Credentials {
  readonly id: string
  readonly key: string
  readonly secret: string
}

/** Where to, and as whom. */
export interface Api {
  /** `https://host:port`, with a path prefix. */
  readonly url: string
  readonly app: Credentials
  /** Whether the certificate has to be in order. */
  readonly verify: boolean
}

/** What came of it. */
export type Sent = { readonly milliseconds: number } & (
  | {
      readonly answered: true
      readonly status: number
      readonly contentType: string
      /** The `Server` header: who answers. */
      readonly server: string
      readonly location: string
      /** Its beginning. */
      readonly body: string
    }
  /** No answer: the system's or the library's code, and its words. */
  | { readonly answered: false; readonly code: string; readonly message: string }
)

const ANSWER_BYTES = 8192
const TIMEOUT_MILLISECONDS = 5000

/** Never rejects: no answer is an outcome, too. @param data JSON text */
export async function publish(
  { url, app, verify }: Api,
  channel: string,
  data: string,
  signal: AbortSignal,
): Promise<Sent> {
  const body = JSON.stringify({ name: CANARY_EVENT, channels: [channel], data })
  const agent = new Agent({
    connect: { rejectUnauthorized: verify, timeout: TIMEOUT_MILLISECONDS },
    headersTimeout: TIMEOUT_MILLISECONDS,
    bodyTimeout: TIMEOUT_MILLISECONDS,
  })
  const begun = performance.now()
  const took = (): number => Math.round(performance.now() - begun)
  try {
    const response = await request(`${url}${signedPath(app, body)}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body,
      dispatcher: agent,
      signal: AbortSignal.any([signal, AbortSignal.timeout(2 * TIMEOUT_MILLISECONDS)]),
    })
    const milliseconds = took()
    const { statusCode: status, headers } = response
    return {
      answered: true,
      status,
      contentType: String(headers['content-type'] ?? ''),
      server: String(headers['server'] ?? ''),
      location: String(headers['location'] ?? ''),
      body: await beginningOf(response.body),
      milliseconds,
    }
  } catch (fault) {
    if (!(fault instanceof Error)) throw fault
    const code = codeOf(fault)
    const message = fault.message === '' ? code : fault.message // several addresses, and no text
    return { answered: false, code, message, milliseconds: took() }
  } finally {
    await agent.destroy()
  }
}

/** The path is signed without the prefix in front of it, as the SDKs do. */
function signedPath({ id, key, secret }: Credentials, body: string): string {
  const path = `/apps/${encodeURIComponent(id)}/events`
  const query = [
    `auth_key=${key}`,
    `auth_timestamp=${Math.floor(Date.now() / 1000)}`,
    'auth_version=1.0',
    `body_md5=${createHash('md5').update(body).digest('hex')}`,
  ].join('&')
  const signature = createHmac('sha256', secret).update(`POST\n${path}\n${query}`).digest('hex')
  return `${path}?${query}&auth_signature=${signature}`
}

async function beginningOf(body: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of body) {
    pieces.push(piece)
    size += piece.length
    if (size >= ANSWER_BYTES) break
  }
  return Buffer.concat(pieces).toString('utf8').slice(0, ANSWER_BYTES)
}
