/**
 * Publishes through an HTTP API as the Pusher SDKs do: signed, in one request, without following
 * redirects.
 */
import { Agent, request } from 'undici'
import { Secret } from '../../../channels/secret.ts'
import { appPath, signedPath } from '../../protocol/signed-path.ts'
import { beginningOf } from '../beginning.ts'
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
    const signer = { key: app.key, secret: new Secret(app.secret) }
    const path = signedPath('POST', appPath(app.id, 'events'), body, signer)
    const response = await request(`${url}${path}`, {
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
      body: (await beginningOf(response.body, ANSWER_BYTES))
        .toString('utf8')
        .slice(0, ANSWER_BYTES),
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
