/**
 * Who may call the HTTP API: the signature of a request (Pusher docs, "HTTP API reference",
 * "Authentication").
 */
import { hash } from 'node:crypto'
import { isHmac } from '../../channels/signature.ts'
import type { App } from '../apps/app.ts'
import { type HttpRequest, type HttpResponse, refusal } from './exchange.ts'
import { decodePath, parseQuery, type Query } from './query.ts'

/** A POST's query as the SDKs write it: in the order in which it is signed, nothing encoded. */
const AS_SDKS_WRITE =
  /^(auth_key=([\w-]+)&auth_timestamp=(\d{1,15})&auth_version=1\.0&body_md5=([0-9a-f]{32}))&auth_signature=([0-9a-f]{64})$/
const NO_PARAMETERS: Query = new Map()

const unauthorised = (text: string): HttpResponse => refusal(401, text)

/**
 * Checks a request's signature.
 * @param path as signed: without our own path prefix
 * @param nowSeconds Unix time
 * @returns the query's parameters, or the answer that refuses the request
 */
export function authenticate(
  request: Pick<HttpRequest, 'method' | 'query' | 'body'>,
  path: string,
  app: App,
  nowSeconds: number,
  toleranceSeconds: number,
): { readonly query: Query } | HttpResponse {
  if (isUsual(request, path, app, nowSeconds, toleranceSeconds)) return { query: NO_PARAMETERS }
  const query = parseQuery(request.query)
  if (typeof query === 'string') return refusal(400, query)
  const signature = query.get('auth_signature')
  if (signature === undefined) {
    return unauthorised('The request is not signed: auth_signature is missing.')
  }
  if (query.get('auth_key') !== app.key) {
    return unauthorised(
      `auth_key is not the key of app ${app.id}. Check the key and the app id in the Laravel app's .env.`,
    )
  }
  if (query.get('auth_version') !== '1.0') return unauthorised('auth_version must be 1.0.')
  const stale = staleness(query.get('auth_timestamp'), nowSeconds, toleranceSeconds)
  if (stale !== undefined) return unauthorised(stale)
  const foreign = foreignness(query.get('body_md5'), request.body)
  if (foreign !== undefined) return unauthorised(foreign)
  if (!isSignedFor(request.method, path, query, signature, app)) {
    return unauthorised(
      `The signature does not match. Check the secret of app ${app.id} in the Laravel app's .env, and that no proxy rewrites the path or query.`,
    )
  }
  return { query }
}

/**
 * Whether a request is what nearly all are, and in order. What is not is read again with care, which
 * finds out why, or that it is in order after all.
 *
 * hot path: once per POST (test/bench, headline and sat-1). Costs a third less than reading it all.
 */
function isUsual(
  { method, query, body }: Pick<HttpRequest, 'method' | 'query' | 'body'>,
  path: string,
  app: App,
  nowSeconds: number,
  toleranceSeconds: number,
): boolean {
  const [, signed, key, timestamp, md5, signature = ''] = AS_SDKS_WRITE.exec(query) ?? []
  return (
    key === app.key &&
    Math.abs(Number(timestamp) - nowSeconds) <= toleranceSeconds &&
    md5 === hash('md5', body) &&
    isHmac(signature, `${method}\n${path}\n${signed}`, app.secrets)
  )
}

function staleness(
  timestamp: string | undefined,
  now: number,
  tolerance: number,
): string | undefined {
  if (timestamp === undefined || !/^\d{1,15}$/.test(timestamp)) {
    return 'auth_timestamp must be a Unix time in seconds.'
  }
  const skew = Number(timestamp) - now
  if (Math.abs(skew) <= tolerance) return undefined
  const direction = skew > 0 ? 'ahead of' : 'behind'
  return `auth_timestamp is ${Math.abs(skew)} s ${direction} this server's clock; ${tolerance} s are allowed. Synchronise the clocks.`
}

/** Why `md5` is not that of the body; an empty body needs none. Nothing secret is compared here. */
function foreignness(md5: string | undefined, body: Uint8Array): string | undefined {
  if (md5 === undefined) {
    return body.length === 0 ? undefined : 'body_md5 is missing: a body has to be signed too.'
  }
  return md5 === hash('md5', body)
    ? undefined
    : 'body_md5 is not the MD5 of the body received. Check that no proxy changes the body.'
}

/** The path is tried as received and decoded: SDKs sign it unencoded, HTTP clients may encode it. */
function isSignedFor(
  method: string,
  path: string,
  query: Query,
  signature: string,
  app: App,
): boolean {
  const parameters = signedText(query)
  const isSigned = (asPath: string): boolean =>
    isHmac(signature, `${method}\n${asPath}\n${parameters}`, app.secrets)
  if (isSigned(path)) return true
  const unencoded = path.includes('%') ? decodePath(path) : undefined
  return unencoded !== undefined && isSigned(unencoded)
}

/** All parameters but the signature, sorted by key. */
function signedText(query: Query): string {
  const keys: string[] = []
  for (const key of query.keys()) if (key !== 'auth_signature') keys.push(key)
  let text = ''
  for (const key of keys.sort()) text += `${text === '' ? '' : '&'}${key}=${query.get(key)}`
  return text
}
