/**
 * What pages of other origins may do with the bridge (Fetch standard, "CORS protocol").
 */
import type { App } from '../apps/app.ts'
import { allowsAnyHost } from '../apps/origin.ts'
import { DONE, type HttpResponse } from '../http-api/exchange.ts'

type Headers = Readonly<Record<string, string>>

/** What Echo and pusher-js send, and Laravel pages add. */
const REQUEST_HEADERS = [
  'Accept',
  'Authorization',
  'Content-Type',
  'X-CSRF-TOKEN',
  'X-Requested-With',
  'X-Socket-Id',
  'X-XSRF-TOKEN',
].join(', ')

const TWO_HOURS = '7200' // what browsers allow at most

/**
 * The headers of every answer to a page, which let it be read. Cookies of another origin are only
 * welcome where the origins are a list: with `*` any page could ask in its visitor's name.
 * @param origin an allowed one, or empty where the request is not a page's
 */
export function corsHeaders(origin: string, app: App): Headers {
  const always = { Vary: 'Origin', 'Cache-Control': 'no-store' }
  if (origin === '') return always
  const readable = { ...always, 'Access-Control-Allow-Origin': origin }
  return allowsAnyHost(app.settings.allowedOrigins)
    ? readable
    : { ...readable, 'Access-Control-Allow-Credentials': 'true' }
}

/** The answer to the question that a browser asks before a page's request. */
export const preflight = (headers: Headers): HttpResponse => ({
  ...DONE,
  headers: {
    ...headers,
    'Access-Control-Allow-Methods': 'POST',
    'Access-Control-Allow-Headers': REQUEST_HEADERS,
    'Access-Control-Max-Age': TWO_HOURS,
  },
})
