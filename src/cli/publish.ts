/**
 * One event through a server's HTTP API, signed as the Pusher SDKs sign (Pusher docs, "HTTP API reference").
 */
import { Agent, request } from 'undici'
import { Secret } from '../../channels/secret.ts'
import { ResoundError } from '../errors.ts'
import { appPath, signedPath } from '../protocol/signed-path.ts'

export interface Api {
  /** `http://host:port`, with the path prefix. */
  readonly url: string
  readonly app: { readonly id: string; readonly key: string; readonly secret: string }
  /** Whether its certificate has to be in order: that of a server on its own host is for another name. */
  readonly isVerified: boolean
}

const TIMEOUT_MILLISECONDS = 10_000
/** Of an answer that is read: it may be anybody's. */
const MOST_BYTES = 1024 * 1024

/**
 * @param body as `POST /apps/{id}/events` takes it
 * @returns what the server answers, JSON
 * @throws ResoundError RESOUND_SERVER_UNREACHABLE, or RESOUND_SERVER_REFUSED with what to check
 */
export async function publish(api: Api, body: object): Promise<unknown> {
  const { url, app, isVerified } = api
  const text = JSON.stringify(body)
  const signer = { key: app.key, secret: new Secret(app.secret) }
  const path = signedPath('POST', appPath(app.id, 'events'), text, signer)
  const dispatcher = new Agent({ connect: { rejectUnauthorized: isVerified } })
  try {
    const response = await request(`${url}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: text,
      dispatcher,
      signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
    })
    let said = ''
    for await (const piece of response.body) {
      said += String(piece)
      if (said.length > MOST_BYTES) break
    }
    const answer = parsed(said)
    if (response.statusCode === 200 && answer !== undefined) return answer
    throw refusal(api, response.statusCode, answer)
  } catch (fault) {
    if (fault instanceof ResoundError) throw fault
    throw new ResoundError(
      'RESOUND_SERVER_UNREACHABLE',
      `No answer from ${url}: ${reasonOf(fault)}.`,
      { cause: fault, remedy: 'Start the server, or name its address with --url.' },
    )
  } finally {
    await dispatcher.close()
  }
}

function refusal({ url, app }: Api, status: number, answer: unknown): ResoundError {
  const { error } = Object(answer)
  const said = typeof error === 'string' ? error : `status ${status}`
  const remedies: Readonly<Record<number, string>> = {
    401: `Check the key and secret of app ${app.id} in the configuration against the server's, and this host's clock.`,
    404: `Check --app and --url: no server with app ${app.id} is there, or it has another pathPrefix.`,
    413: 'Send less, or an id to fetch the rest by; limits.eventBytes is the most.',
    503: "Try again; the server's log says what it waits for.",
  }
  const remedy = remedies[status] ?? 'Correct what the message names.'
  return new ResoundError('RESOUND_SERVER_REFUSED', `${url} refuses the event: ${said}`, { remedy })
}

/** @returns undefined for what is no JSON: another server's answer */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function reasonOf(fault: unknown): string {
  if (!(fault instanceof Error)) return String(fault)
  if (fault.name === 'TimeoutError') return `none within ${TIMEOUT_MILLISECONDS / 1000} s`
  return 'code' in fault && fault.message === '' ? String(fault.code) : fault.message
}
