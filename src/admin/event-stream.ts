/** Server-sent events (text/event-stream), as answers that go on are written. */
import type { HttpResponse } from '../http-api/exchange.ts'

/** The beginning of such an answer; the comment shows at once that it is one. */
export const EVENT_STREAM = {
  status: 200,
  contentType: 'text/event-stream',
  headers: { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' },
  body: ':\n\n',
} satisfies HttpResponse

/** @param event its name; without one it is a plain message */
export const messageOf = (value: object, event?: string): string =>
  `${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(value)}\n\n`
