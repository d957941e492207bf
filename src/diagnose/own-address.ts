/**
 * Where the server listens, with nobody in between: as it says itself, else as its configuration does.
 */
import type { Scene } from './scene.ts'
import { localUrlOf, reachable } from './server-status.ts'

export interface OwnAddress {
  readonly port: number
  readonly isTls: boolean
  /** `http://127.0.0.1:8080`, with the path prefix. */
  readonly url: string
}

/** Undefined where nothing runs and the configuration leaves the port open, or is refused. */
export async function ownAddress(scene: Scene): Promise<OwnAddress | undefined> {
  if (!scene.reading.valid) return undefined
  const { host, port, tls, pathPrefix } = scene.reading.config
  const status = await scene.status()
  if (status !== undefined) {
    const { public: at } = status.listeners
    return { port: at.port, isTls: at.tls, url: localUrlOf(status) + pathPrefix }
  }
  if (port === 0) return undefined
  const isTls = tls !== undefined
  const url = `${isTls ? 'https' : 'http'}://${reachable(host)}:${port}${pathPrefix}`
  return { port, isTls, url }
}
