/**
 * `auth.cors`: whether a browser lets a page of another origin ask the endpoint, and read what it answers
 * (Fetch standard, "CORS protocol"). pusher-js sends no cookies there.
 */
import { type Finding, ok, skip } from '../check.ts'
import type { Exchange } from './exchange.ts'
import { exchangeCheck } from './exchange-check.ts'
import { type Answer, ask } from './request.ts'

/** What Echo adds to the request, so that browsers ask first. */
const ADDED = ['x-csrf-token', 'authorization'] as const

export const browsersMayAsk = exchangeCheck(
  {
    id: 'auth.cors',
    question: "May pages of the app's origin ask the endpoint",
    needs: ['auth.endpoint'],
  },
  async (exchange, signal) => {
    const { page, endpoint, usesCookies, usesToken } = exchange
    const { origin } = new URL(endpoint.url)
    if (page === undefined) return skip('Where the pages are is not known.')
    if (page === origin) return skip('Pages ask their own origin.')
    const header = usesToken ? 'authorization' : 'x-csrf-token'
    const question = {
      origin: page,
      'access-control-request-method': 'POST',
      'access-control-request-headers': header,
    }
    const asked = await ask({ method: 'OPTIONS', url: endpoint.url, headers: question }, signal)
    if (!asked.isAnswered) return ok('The endpoint answers no preflight, which was seen before.')
    const refusal = preflightFault(asked.answer, page, header)
    if (refusal !== undefined) return refused(exchange, page, refusal, asked.answer)
    const guest = await exchange.guest(signal)
    if (guest.isAnswered && !allows(guest.answer, page)) {
      return refused(
        exchange,
        page,
        ['cors-answer', 'the answer itself names no allowed origin'],
        guest.answer,
      )
    }
    if (!usesCookies) return ok(`Pages of ${page} may ask ${origin}.`)
    // A host is one site with all its ports, whose cookies go along where the page wants it.
    const isSameSite = new URL(page).hostname === new URL(origin).hostname
    return isSameSite && asked.answer.headers['access-control-allow-credentials'] === 'true'
      ? ok(
          `Pages of ${page} may ask ${origin}, with cookies where they say credentials: 'include'.`,
        )
      : noCookies(exchange, page)
  },
)

type Fault = readonly [causeId: string, cause: string]

function preflightFault(
  answer: Answer,
  page: string,
  header: (typeof ADDED)[number],
): Fault | undefined {
  if (answer.status < 200 || answer.status > 299) {
    return ['cors-preflight', `the browser's OPTIONS is answered with ${answer.status}`]
  }
  if (!allows(answer, page)) return ['cors-origin', `Access-Control-Allow-Origin is not ${page}`]
  const headers = (answer.headers['access-control-allow-headers'] ?? '').toLowerCase()
  const listed = headers.split(',').map((name) => name.trim())
  // The star does not stand for Authorization.
  if (listed.includes(header) || (listed.includes('*') && header !== 'authorization')) {
    return undefined
  }
  return ['cors-headers', `Access-Control-Allow-Headers does not have ${header}`]
}

const allows = ({ headers }: Answer, page: string): boolean =>
  ['*', page].includes(headers['access-control-allow-origin'] ?? '')

function refused(
  { endpoint, facts }: Exchange,
  page: string,
  [causeId, cause]: Fault,
  { status, headers }: Answer,
): Finding {
  const path = new URL(endpoint.url).pathname.replace(/^\//, '')
  const cors = facts?.app.cors
  const seen = Object.entries(headers).filter(([name]) => name.startsWith('access-control-'))
  return {
    outcome: 'critical',
    summary: `Browsers do not let pages of ${page} ask ${new URL(endpoint.url).origin}.`,
    evidence: [
      `answer ${status}`,
      ...seen.map(([name, value]) => `${name}: ${value}`),
      ...(seen.length === 0 ? ['no Access-Control- header'] : []),
    ],
    cause: `${cause[0]?.toUpperCase()}${cause.slice(1)}.`,
    causeId,
    fix: endpoint.isBridge
      ? {
          text: "List the pages' origin in the server's configuration, and run resound reload.",
          paste: `"allowedOrigins": ["${page}"]`,
          into: "the server's configuration, apps[]",
        }
      : {
          text: `List the path and the origin in config/cors.php${cors === undefined ? ' (php artisan config:publish cors), and use the HandleCors middleware' : ''}.`,
          paste: `'paths' => ['api/*', '${path}'],\n'allowed_origins' => ['${page}'],`,
          into: 'config/cors.php',
        },
  }
}

const noCookies = ({ endpoint }: Exchange, page: string): Finding => ({
  outcome: 'critical',
  summary: `Pages of ${page} send no session cookie to ${new URL(endpoint.url).origin}.`,
  evidence: [`the pages are at ${page}`, `they ask ${endpoint.url}`],
  cause: 'pusher-js sends no cookies to another origin, so the app sees a guest.',
  causeId: 'cookies-cross-origin',
  fix: {
    text: 'Ask below the own origin of the pages, by a proxy (docs/bridge.md), or with a bearer token.',
  },
})
