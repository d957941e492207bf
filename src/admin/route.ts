/**
 * What a route of the admin API is: who may ask for it, and how it is answered.
 */
import type { HttpRequest, HttpResponse } from '../http-api/exchange.ts'
import type { Query } from '../http-api/query.ts'

export type Answer = HttpResponse | Promise<HttpResponse>

/**
 * Who may ask, each of them with what those before may:
 *
 * `anyone` even without the token, for files that hold nothing · `scraper` whoever has the token where
 * there is one · `viewer` the same, but no web page of another site · `operator` who has proved it, with
 * the token or by opening the admin socket: any user of the host could ask on loopback.
 */
export type Access = 'anyone' | 'scraper' | 'viewer' | 'operator'

/** Who asks. */
export interface Caller {
  /** Whether it may ask what is for operators, though the route is for others as well. */
  readonly isOperator: boolean
}

export interface Route {
  readonly method: 'GET' | 'POST'
  readonly access: Access
  /** Largest body, in bytes; it takes none when left out. */
  readonly bodyBytes?: number
  readonly answer: (query: Query, request: HttpRequest, caller: Caller) => Answer
}

/** By path. */
export type Routes = readonly (readonly [path: string, route: Route])[]
