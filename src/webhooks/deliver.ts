/**
 * One request to an endpoint: signed with the app's secret of this moment, and judged by its status.
 */
import { createHmac } from 'node:crypto'
import { unescape as percentDecoded } from 'node:querystring'
import type { WebhookConfig } from '../config/schema/webhook.ts'
import type { Outward } from '../outward/outward.ts'
import type { Endpoint } from './endpoint.ts'
import { bodyOf } from './events.ts'
import type { Batch } from './queue.ts'

export type Delivery = { readonly ok: true } | { readonly ok: false; readonly reason: string }

/** The two ways out: to the open internet, and to whatever a webhook was allowed. */
export interface Ways {
  readonly guarded: Outward
  readonly unguarded: Outward
}

/** Posts a batch. Anything but a 2xx answer is a failure, which may be tried again. */
export async function deliver(endpoint: Endpoint, batch: Batch, ways: Ways): Promise<Delivery> {
  const { app, config } = endpoint
  const body = Buffer.from(bodyOf(batch.time, batch.text))
  const way = config.allowPrivateAddress ? ways.unguarded : ways.guarded
  const outcome = await way.request({
    url: config.url,
    method: 'POST',
    headers: {
      ...headersOf(config),
      'content-type': 'application/json',
      'x-pusher-key': app.key,
      'x-pusher-signature': createHmac('sha256', app.settings.secret).update(body).digest('hex'),
    },
    body,
  })
  if (!outcome.ok) return { ok: false, reason: outcome.failure }
  const { status } = outcome.answer
  return status >= 200 && status < 300 ? { ok: true } : { ok: false, reason: `status ${status}` }
}

/** Headers that belong to the protocol or to the connection (RFC 9110, section 7.6.1). */
const OURS =
  /^(x-pusher-.*|content-type|content-length|content-encoding|host|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect)$/i

/** What an operator configured beside them, by lower-case name. */
function headersOf({ url, headers }: WebhookConfig): Record<string, string> {
  const sent: Record<string, string> = { 'user-agent': 'Resound', ...credentialsIn(url) }
  for (const [name, value] of Object.entries(headers)) {
    if (!OURS.test(name)) sent[name.toLowerCase()] = value
  }
  return sent
}

/** What a user and password in a URL mean (RFC 7617). */
function credentialsIn(url: string): Record<string, string> {
  const { username, password } = new URL(url)
  if (username === '' && password === '') return {}
  const pair = `${percentDecoded(username)}:${percentDecoded(password)}`
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}
