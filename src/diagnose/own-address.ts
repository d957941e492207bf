/**
 * Where the server listens, with nobody in between: as it says itself, else as its configuration does.
 */
import { z } from 'zod'
import type { Scene } from './scene.ts'

const Status = z.object({
  listeners: z.object({
    public: z.object({ host: z.string(), port: z.int(), tls: z.boolean() }),
  }),
})

export interface OwnAddress {
  readonly port: number
  readonly isTls: boolean
  /** `http://127.0.0.1:8080`, with the path prefix. */
  readonly url: string
}

/** Undefined where nothing runs and the configuration leaves the port open, or is refused. */
export async function ownAddress(scene: Scene): Promise<OwnAddress | undefined> {
  if (!scene.reading.valid) return undefined
  const { config } = scene.reading
  const running = await scene.server()
  const { host, port, tls } =
    running === undefined
      ? { host: config.host, port: config.port, tls: config.tls !== undefined }
      : Status.parse(await running.ask('GET', '/status')).listeners.public
  if (port === 0) return undefined
  const scheme = tls ? 'https' : 'http'
  return { port, isTls: tls, url: `${scheme}://${reachable(host)}:${port}${config.pathPrefix}` }
}

/** An address by which what listens on `host` is reached from here, as in a URL. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
