/**
 * The admin port: for operators, on loopback or behind a token.
 */
import { hash, timingSafeEqual } from 'node:crypto'
import { type HttpRequest, type HttpResponse, refusal } from '../http-api/exchange.ts'
import { UP } from '../http-api/health.ts'
import type { Metrics } from './metrics.ts'

export function createAdminApi(
  metrics: Metrics,
  token: string | undefined,
): (request: HttpRequest) => HttpResponse | Promise<HttpResponse> {
  return (request) => {
    if (token !== undefined && !isBearer(request.authorization, token)) {
      return refusal(401, 'Send the admin token as a bearer token.', {
        'WWW-Authenticate': 'Bearer',
      })
    }
    if (request.method !== 'GET') return refusal(405, 'Use GET.', { Allow: 'GET' })
    if (request.path === '/up') return UP
    if (request.path !== '/metrics') return refusal(404, 'There is /metrics here.')
    return metrics.text().then((body) => ({ status: 200, body, contentType: metrics.contentType }))
  }
}

/** Compared by hash, so that the time taken tells neither the token nor its length. */
function isBearer(authorization: string, token: string): boolean {
  const given = hash('sha256', authorization, 'buffer')
  return timingSafeEqual(given, hash('sha256', `Bearer ${token}`, 'buffer'))
}
