/**
 * One request to the Laravel app as a browser makes it: no redirect is followed, and time and size are bounded.
 */
import { Agent, request } from 'undici'
import { beginningOf } from '../beginning.ts'
import { codeOf } from '../code.ts'

const MILLISECONDS = 8000
const ANSWER_BYTES = 256 * 1024

export interface Answer {
  readonly status: number
  /** Lower case names; of several with one name, all with commas. */
  readonly headers: Readonly<Record<string, string>>
  readonly cookies: readonly string[]
  readonly body: string
}

export type Asked =
  | { readonly isAnswered: true; readonly answer: Answer; readonly milliseconds: number }
  /** The code of the system or the library, and its words. */
  | { readonly isAnswered: false; readonly code: string; readonly message: string }

export interface Asking {
  readonly method: 'GET' | 'POST' | 'OPTIONS'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Authorities beside the usual ones, PEM. */
  readonly ca?: readonly string[]
}

/** Never rejects: no answer is an outcome, too. Certificates are looked at, as browsers do. */
export async function ask(
  { method, url, headers = {}, body = '', ca = [] }: Asking,
  signal: AbortSignal,
): Promise<Asked> {
  const agent = new Agent({
    connect: { timeout: MILLISECONDS / 2, ...(ca.length === 0 ? {} : { ca: [...ca] }) },
    headersTimeout: MILLISECONDS,
    bodyTimeout: MILLISECONDS,
  })
  const begun = performance.now()
  try {
    const response = await request(url, {
      method,
      headers: { ...headers },
      ...(method === 'POST' ? { body } : {}),
      dispatcher: agent,
      signal: AbortSignal.any([signal, AbortSignal.timeout(MILLISECONDS)]),
    })
    const answered = Object.entries(response.headers)
    const answer = {
      status: response.statusCode,
      headers: Object.fromEntries(answered.map(([name, value = '']) => [name, String(value)])),
      cookies: [response.headers['set-cookie'] ?? []].flat(),
      body: textOf(await beginningOf(response.body, ANSWER_BYTES)),
    }
    return { isAnswered: true, answer, milliseconds: Math.round(performance.now() - begun) }
  } catch (fault) {
    if (!(fault instanceof Error)) throw fault
    const code = codeOf(fault)
    return { isAnswered: false, code, message: fault.message || code }
  } finally {
    await agent.destroy()
  }
}

/** A form as pusher-js posts it. */
export const form = (fields: Readonly<Record<string, string>>): string =>
  new URLSearchParams(fields).toString()

export const FORM = { 'content-type': 'application/x-www-form-urlencoded' } as const

/** As browsers read a page. */
const textOf = (bytes: Buffer): string => bytes.toString('utf8').replace(/^\uFEFF/, '')

const SHOWN_CHARACTERS = 200

/** An answer in one line, for the evidence: what is shown of its body is short, and never a signature. */
export function shown({ status, headers, body }: Answer): string {
  const { location, 'content-type': type } = headers
  const details = [location && `Location: ${location}`, type].filter(Boolean).join(', ')
  // Of a page its title: what it shows besides is made for the eye.
  const [, title] = /<title>([^<]*)<\/title>/i.exec(body) ?? []
  const text = (title ?? body)
    .replaceAll(/[0-9a-f]{64}/g, '...')
    .replaceAll(/("shared_secret":")[^"]*/g, '$1...')
    .replaceAll(/<(script|style)[\s\S]*?<\/\1>|<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, SHOWN_CHARACTERS)
  return `${status}${details === '' ? '' : ` (${details})`}${text === '' ? ', empty' : `: ${text}`}`
}
