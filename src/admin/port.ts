/**
 * The admin port, on its own application of uWebSockets.js: it is there whatever becomes of the workers.
 */
import type { Logger } from 'pino'
import { serveHttp } from '../transport/http.ts'
import { createApp, listen } from '../transport/listener.ts'
import { ADMIN_HEADERS, type AdminApi } from './router.ts'

export interface AdminPort {
  /** As bound. */
  readonly host: string
  readonly port: number
  stop(): void
}

/** @throws ResoundError when the address cannot be listened on */
export function serveAdminPort(
  api: AdminApi,
  { host, port }: { readonly host: string; readonly port: number },
  log: Logger,
): AdminPort {
  const app = createApp(undefined)
  serveHttp(app, api.answer, {
    bodyBytes: api.bodyBytes,
    headersOf: () => ADMIN_HEADERS,
    onFault: (fault) => log.error({ err: fault }, 'a request failed by a fault of ours'),
  })
  try {
    const listener = listen(app, host, port)
    return { host, port: listener.port, stop: () => app.close() }
  } catch (fault) {
    app.close()
    throw fault
  }
}
