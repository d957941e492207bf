/**
 * Whether the server serves, found out when it is asked.
 */

import type { Health } from '../health/health.ts'
import { DEFAULT_BUDGET, MOST_MS } from '../health/judge.ts'
import { type HttpResponse, refusal } from '../http-api/exchange.ts'
import type { Query } from '../http-api/query.ts'
import type { Routes } from './route.ts'

/**
 * `?warn_ms=` and `?crit_ms=` for the time until the event is back, `?ignore=redis` where other nodes that are
 * not reached are a warning only. 503 when it is critical.
 */
export function healthRoutes(health: Health): Routes {
  return [
    ['/health', { method: 'GET', access: 'scraper', answer: (query) => getHealth(health, query) }],
  ]
}

async function getHealth(health: Health, query: Query): Promise<HttpResponse> {
  const warnMs = Number(query.get('warn_ms') ?? DEFAULT_BUDGET.warnMs)
  const critMs = Number(query.get('crit_ms') ?? DEFAULT_BUDGET.critMs)
  const isTime = (value: number): boolean =>
    Number.isInteger(value) && value > 0 && value <= MOST_MS
  if (!isTime(warnMs) || !isTime(critMs) || warnMs > critMs) {
    return refusal(400, `warn_ms and crit_ms are milliseconds, 1 to ${MOST_MS}, in this order.`)
  }
  const ignored = query.get('ignore') ?? ''
  if (!['', 'redis'].includes(ignored)) return refusal(400, 'ignore is redis, or left out.')
  const report = await health.report({ warnMs, critMs }, ignored === 'redis')
  if (report === undefined) return refusal(429, 'Too many different crit_ms at once. Try again.')
  return { status: report.outcome === 'critical' ? 503 : 200, body: JSON.stringify(report) }
}
