/**
 * One event through the HTTP API, signed as a server SDK signs it (Pusher docs, "HTTP API reference").
 */
import { request as httpRequest, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Credentials } from '../../channels/signature.ts'
import { appPath, signedPath } from '../protocol/signed-path.ts'

/** An event that the API did not take. */
export class Refused extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** What of TLS a client decides. */
export interface Trust {
  /** PEM; the system's when left out. */
  readonly ca?: string
  /** Whether a certificate is checked at all. */
  readonly rejectUnauthorized: boolean
}

export interface Post {
  /** Of the server, with its path prefix: http:// or https:// */
  readonly url: string
  readonly app: Credentials & { readonly id: string }
  readonly channel: string
  readonly event: string
  readonly data: string
  readonly trust: Trust
}

const MOST_ANSWER_BYTES = 64 * 1024

/**
 * Publishes; resolves when the server has answered that it has.
 * @throws Refused for any answer but 200, Error where there is none
 */
export async function publish(post: Post, signal: AbortSignal): Promise<void> {
  const { app, channel, event, data } = post
  const body = JSON.stringify({ name: event, channel, data })
  const [secret] = app.secrets
  if (secret === undefined) throw new TypeError('an app has a secret')
  const signer = { key: app.key, secret }
  const path = signedPath('POST', appPath(app.id, 'events'), body, signer)
  const answer = await send(new URL(`${post.url}${path}`), body, { ...post.trust, signal })
  if (answer.status !== 200) {
    throw new Refused(answer.status, `The HTTP API answers ${answer.status}${why(answer.body)}`)
  }
}

interface Answer {
  readonly status: number
  readonly body: string
}

function send(url: URL, body: string, options: RequestOptions): Promise<Answer> {
  const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }
  const ask = url.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const request = ask(url, { ...options, method: 'POST', headers, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => {
        if (text.length < MOST_ANSWER_BYTES) text += part
        else response.destroy(new Error('The HTTP API answers without an end.'))
      })
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** What an API says of a refusal: ours and Reverb's in JSON, others in plain text. */
function why(body: string): string {
  let text = body
  try {
    const { error, message } = JSON.parse(body)
    text = String(error ?? message ?? '')
  } catch {} // no JSON, and shown as it is
  const [line = ''] = text.trim().split('\n')
  return line === '' ? '.' : `: ${line.slice(0, 300)}`
}
