/**
 * Webhook requests that were given up: shown to the operator, and sent again on demand.
 */
import { ResoundError } from '../errors.ts'
import { type HttpResponse, json, refusal } from '../http-api/exchange.ts'
import type { Query } from '../http-api/query.ts'
import type { Routes } from './route.ts'

export interface FailedWebhook {
  readonly id: string
  readonly appId: string
  readonly webhook: string
  readonly events: number
  /** Unix milliseconds, both. */
  readonly time: number
  readonly givenUpAt: number
  readonly reason: string
  /** The events' JSON, joined by commas. */
  readonly text: string
}

export interface FailedWebhooks {
  /** The newest first, at most so many. @param appId of one app only */
  failures(most: number, appId?: string): Promise<readonly FailedWebhook[]>
  /** @returns how many requests were queued again */
  replay(appId?: string, ids?: readonly string[]): Promise<number>
}

const DEFAULT_LIMIT = 100
const MOST = 1000

export function webhookRoutes(webhooks: FailedWebhooks): Routes {
  return [
    [
      '/webhooks/failures',
      { method: 'GET', access: 'viewer', answer: (query) => listFailures(webhooks, query) },
    ],
    [
      '/webhooks/failures/replay',
      { method: 'POST', access: 'viewer', answer: (query) => replayFailures(webhooks, query) },
    ],
  ]
}

/** `?app=` of one app, `?limit=` so many, `?payloads=1` with what the requests carry. */
export async function listFailures(webhooks: FailedWebhooks, query: Query): Promise<HttpResponse> {
  const limit = Number(query.get('limit') ?? DEFAULT_LIMIT)
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST) {
    return refusal(400, `limit is a whole number from 1 to ${MOST}.`)
  }
  return whereQueueAnswers(async () => {
    const failures = await webhooks.failures(limit + 1, query.get('app'))
    const withPayloads = query.get('payloads') === '1'
    return json({
      failures: failures.slice(0, limit).map((failure) => shown(failure, withPayloads)),
      more: failures.length > limit,
    })
  })
}

/** `?app=` of one app, `?id=` one alone. */
export async function replayFailures(
  webhooks: FailedWebhooks,
  query: Query,
): Promise<HttpResponse> {
  const id = query.get('id')
  return whereQueueAnswers(async () =>
    json({
      replayed: await webhooks.replay(query.get('app'), id === undefined ? undefined : [id]),
    }),
  )
}

function shown(
  { id, appId, webhook, events, time, givenUpAt, reason, text }: FailedWebhook,
  withPayloads: boolean,
): object {
  return {
    id,
    app: appId,
    webhook,
    events,
    time: new Date(time).toISOString(),
    givenUpAt: new Date(givenUpAt).toISOString(),
    reason,
    ...(withPayloads ? { payloads: JSON.parse(`[${text}]`) } : {}),
  }
}

async function whereQueueAnswers(answer: () => Promise<HttpResponse>): Promise<HttpResponse> {
  try {
    return await answer()
  } catch (error) {
    if (error instanceof ResoundError) return refusal(503, error.message)
    throw error
  }
}
