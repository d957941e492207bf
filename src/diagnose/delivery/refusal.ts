/**
 * What an answer of an HTTP API, or the lack of one, says about why an event was not taken.
 *
 * The texts are those of this server's own API (http-api/auth.ts, router.ts); whatever else answers is
 * told by what it is not.
 */
import type { Fix } from '../check.ts'
import type { Sent } from './api.ts'

export interface Trouble {
  readonly causeId: string
  /** One sentence. */
  readonly cause: string
  /** Whether it is about where the request went, and not about what was in it. */
  readonly isAddress: boolean
}

type Row = readonly [pattern: RegExp, causeId: string, cause: string, isAddress?: boolean]

/** By the code, or the text, of a request that was not answered; the first that fits. */
const UNANSWERED: readonly Row[] = [
  [/ENOTFOUND|EAI_\w+|ENODATA/, 'unknown-host', 'No address is known for this host name.', true],
  [/ECONNREFUSED/, 'nothing-listens', 'Nothing listens on this host and port.', true],
  [
    /EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|CONNECT_TIMEOUT/,
    'unreachable',
    'No connection comes about: the host is another one, or a firewall drops it.',
    true,
  ],
  [
    /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|EPROTO/,
    'https-to-http',
    'TLS is spoken to a port that speaks plain HTTP.',
    true,
  ],
  [
    /CERT_|SELF_SIGNED|UNABLE_TO_|ALTNAME|HOSTNAME_MISMATCH|DEPTH_ZERO/,
    'certificate',
    'The certificate is not accepted.',
  ],
  [/INVALID_URL|INVALID_ARG/, 'no-url', 'Host, port and scheme together are no URL.', true],
  [/HEADERS_TIMEOUT|BODY_TIMEOUT|TimeoutError/, 'no-answer', 'It is connected, and not answered.'],
  [
    /ECONNRESET|UND_ERR_SOCKET|HPE_|EPIPE/,
    'cut-off',
    'The connection is cut before there is an answer, as where plain HTTP is spoken to a TLS port.',
    true,
  ],
]

/** By what this server says. */
const REFUSED: readonly Row[] = [
  [/No app has this id/, 'wrong-app-id', 'The server has no app with this id.'],
  [
    /auth_signature is missing/,
    'query-stripped',
    'What is between takes the query away from the path, and with it the signature.',
  ],
  [/auth_key is not the key/, 'wrong-key', 'The server knows the app by another key.'],
  [/signature does not match/, 'wrong-secret', 'The request is signed with another secret.'],
  [/auth_timestamp is/, 'clock-skew', 'The clocks of the two machines differ.'],
  [/pathPrefix is/, 'path-prefix', 'The server is below a path (pathPrefix), which is not called.'],
  [/body_md5/, 'body-changed', 'Something on the way changes the body.'],
  [/is disabled/, 'app-disabled', 'The app is disabled in the server.'],
]

/** Of clocks that differ. */
export const SYNCHRONISE: Fix = {
  text: 'Synchronise the clocks of both machines.',
  paste: 'timedatectl set-ntp true',
  into: 'shell',
}

/** @returns undefined where the event was taken */
export function troubleOf(sent: Sent): Trouble | undefined {
  if (!sent.answered) {
    return (
      found(UNANSWERED, `${sent.code} ${sent.message}`) ?? {
        causeId: 'unreachable',
        cause: 'The request fails on its way.',
        isAddress: true,
      }
    )
  }
  const { status, contentType, body } = sent
  const error = errorIn(body)
  if (status === 200 && error !== undefined) return undefined
  const known = found(REFUSED, error ?? '')
  if (known !== undefined) return known
  if (status >= 300 && status < 400) {
    return trouble('redirected', 'It is answered with a redirect, which no SDK follows.', true)
  }
  if (status === 413 && error !== undefined) {
    return trouble('limit-too-small', 'The server takes no event with so much data.')
  }
  if (status === 413) {
    return trouble('proxy-body-size', 'A proxy in front of the server refuses bodies of this size.')
  }
  if (status === 429 && error === undefined) {
    return trouble(
      'proxy-rate-limit',
      'A proxy in front of the server limits how often it may be asked, and the app counts as one client.',
    )
  }
  if (status === 505) {
    return trouble('proxy-http-version', 'A proxy speaks HTTP/1.0, which this server does not.')
  }
  if ([502, 503, 504].includes(status) && !contentType.includes('json')) {
    return trouble('proxy-upstream', 'A proxy answers that it does not reach the server.')
  }
  if (status === 503 && error !== undefined) {
    return trouble('unavailable', `The server cannot take events for now. It says: ${error}`)
  }
  if (error === undefined) {
    return trouble(
      'not-resound',
      'Something else than a Pusher-protocol server answers there.',
      true,
    )
  }
  return trouble('refused', 'The server refuses the event.')
}

/** What was seen, for the evidence. */
export function seen(sent: Sent): string {
  if (!sent.answered) {
    const { code, message } = sent
    const text = message.includes(code) ? message : `${code} ${message}`
    return `no answer: ${text}`.slice(0, SHOWN_CHARACTERS)
  }
  const { status, contentType, server, location, body } = sent
  const told = errorIn(body) || body
  const from = [server && `Server: ${server}`, location && `Location: ${location}`, contentType]
  const details = from.filter((text) => text !== '').join(', ')
  const text = told.replaceAll(/\s+/g, ' ').trim()
  return `answer ${status} (${details}): ${text}`.slice(0, SHOWN_CHARACTERS)
}

const SHOWN_CHARACTERS = 300

const trouble = (causeId: string, cause: string, isAddress = false): Trouble => ({
  causeId,
  cause,
  isAddress,
})

function found(rows: readonly Row[], text: string): Trouble | undefined {
  const row = rows.find(([pattern]) => pattern.test(text))
  return row === undefined ? undefined : trouble(row[1], row[2], row[3])
}

/** The text of a JSON object's error, empty when it has none; undefined when the body is no JSON object. */
function errorIn(body: string): string | undefined {
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return 'error' in value ? String(value.error) : ''
  } catch {
    return undefined // which is the answer: no API of this kind
  }
}
