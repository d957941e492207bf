/** A server whose app asks a Laravel app, and the requests of its pages. */
import { createHmac } from 'node:crypto'
import { APP, startServer, type TestServer, type TestServerOptions } from './server.ts'

export const startBridged = (
  authUrl: string,
  { app, ...options }: TestServerOptions = {},
): Promise<TestServer> =>
  startServer({ ...options, app: { ...app, laravel: { authUrl, ...app?.laravel } } })

interface Asking {
  readonly server: TestServer
  readonly socketId: string
  readonly channel?: string
  readonly headers?: Record<string, string>
  /** Instead of the form that pusher-js sends. */
  readonly body?: string
  readonly path?: '/auth' | '/user-auth'
  readonly signal?: AbortSignal
}

/** Asks as pusher-js does. */
export function ask(asking: Asking): Promise<Response> {
  const { server, socketId, channel = 'private-a', path = '/auth', signal } = asking
  const form = new URLSearchParams({ socket_id: socketId })
  if (path === '/auth') form.append('channel_name', channel)
  return fetch(`${server.url}/apps/${server.app.id}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...asking.headers },
    body: asking.body ?? form.toString(),
    ...(signal === undefined ? {} : { signal }),
  })
}

/** `auth` for a text. */
export const hmac = (text: string): string =>
  `${APP.key}:${createHmac('sha256', APP.secret).update(text).digest('hex')}`

/** What became of the requests so far. */
export const countsOf = (server: TestServer): Record<string, number> =>
  Object.fromEntries([...server.server.hub.lives()].flatMap(({ tally }) => [...tally.bridge]))
