import type { HttpResponse } from './exchange.ts'

/** What an orchestrator asks: alive, and willing to take new clients? */
export interface Readiness {
  readonly ready: boolean
  readonly reason: string
}

/** This process can serve; the body is the one Laravel's monitoring looks for. */
export const UP: HttpResponse = { status: 200, body: '{"health":"OK"}' }

export function getReady({ ready, reason }: Readiness): HttpResponse {
  return { status: ready ? 200 : 503, body: JSON.stringify({ ready, reason }) }
}
