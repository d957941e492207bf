/**
 * What an operator asks of a running server as a whole: how it is, and to reload, restart or end.
 */
import { ResoundError } from '../errors.ts'
import { type HttpResponse, json, refusal } from '../http-api/exchange.ts'
import { getReady, type Readiness } from '../http-api/health.ts'
import type { Query } from '../http-api/query.ts'
import type { Route, Routes } from './route.ts'

export interface Control {
  readonly readiness: Readiness
  status(): Promise<object>
  /** What is served, secrets masked, and what differs from it where it is read now. */
  configuration(): object
  /** The nodes that share a Redis; null for a server by itself. */
  nodes(): Promise<object | null>
  restart(): Promise<
    { readonly isDone: true } | { readonly isDone: false; readonly reason: string }
  >
  reload(): Promise<
    | ({ readonly valid: true } & {
        readonly restart: readonly string[]
        readonly start: readonly string[]
      })
    | { readonly valid: false; readonly problems: readonly string[] }
  >
  /** Begins to end the server. @param isNow without letting connections go at a pace */
  end(isNow: boolean): { readonly pid: number; readonly windowSeconds: number }
}

export function controlRoutes(control: Control): Routes {
  const change = (answer: Route['answer']): Route => ({
    method: 'POST',
    access: 'operator',
    answer,
  })
  return [
    ['/ready', { method: 'GET', access: 'scraper', answer: () => getReady(control.readiness) }],
    ['/status', { method: 'GET', access: 'scraper', answer: () => getStatus(control) }],
    [
      '/configuration',
      { method: 'GET', access: 'operator', answer: () => json(control.configuration()) },
    ],
    ['/nodes', { method: 'GET', access: 'viewer', answer: () => getNodes(control) }],
    ['/reload', change(() => postReload(control))],
    ['/restart', change(() => postRestart(control))],
    ['/drain', change((query) => postDrain(control, query))],
  ]
}

/** A refusal, with the code of the fault for the command that asked. */
const fault = (status: number, code: string, message: string, more: object = {}): HttpResponse => ({
  status,
  body: JSON.stringify({ error: message, code: status, fault: code, ...more }),
})

async function getStatus(control: Control): Promise<HttpResponse> {
  return json(await control.status())
}

async function getNodes(control: Control): Promise<HttpResponse> {
  try {
    return json({ nodes: await control.nodes() })
  } catch (error) {
    return refusal(503, `The nodes cannot be looked at: ${(error as Error).message}`)
  }
}

async function postRestart(control: Control): Promise<HttpResponse> {
  try {
    const restarted = await control.restart()
    if (restarted.isDone) return json(restarted)
    return fault(409, 'RESOUND_SERVER_REFUSED', restarted.reason)
  } catch (error) {
    if (error instanceof ResoundError) return fault(503, error.code, error.message)
    throw error
  }
}

async function postReload(control: Control): Promise<HttpResponse> {
  try {
    const reloading = await control.reload()
    if (reloading.valid) {
      const { restart, start } = reloading
      return json({ restart, start })
    }
    const { problems } = reloading
    const message = `The configuration is refused; nothing has changed:${problems.map((line) => `\n  ${line}`).join('')}`
    return fault(422, 'RESOUND_CONFIG_INVALID', message, { problems })
  } catch (error) {
    if (error instanceof ResoundError) return fault(503, error.code, error.message)
    throw error
  }
}

/** `?now=1` without pacing. */
function postDrain(control: Control, query: Query): HttpResponse {
  return json(control.end(query.get('now') === '1'))
}
