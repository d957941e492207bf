/**
 * The server as it is reached from its own machine, with nobody in between, and the app that is looked at.
 */
import type { Config } from '../../config/schema.ts'
import { type Finding, type Fix, skip } from '../check.ts'
import { reloadFix } from '../own-command.ts'
import type { Scene } from '../scene.ts'
import { localUrlOf } from '../server-status.ts'
import type { Credentials } from './api.ts'

type AppConfig = Config['apps'][number]

export interface LocalServer {
  /** `http://127.0.0.1:8080`, with the path prefix. */
  readonly url: string
  readonly config: Config
  readonly app: AppConfig
  /** Most bytes of an event's data, and which option says so. */
  readonly eventBytes: { readonly most: number; readonly option: string }
  /** Where it runs with another configuration than this one. */
  readonly reload: Fix
}

/** What a check of the app's own way says without an app. */
export const NO_LARAVEL = skip("Pass --laravel DIR to have the app's own way looked at.")

/**
 * The running server and its app.
 * @param given by which to know the app among several; the first one that is enabled without it
 * @returns why there is nothing to look at, if so
 */
export async function localServer(
  scene: Scene,
  given: Partial<Credentials> = {},
): Promise<LocalServer | Finding> {
  const status = await scene.status()
  if (status === undefined || !scene.reading.valid) return skip('No server answers.')
  const { config } = scene.reading
  const app =
    config.apps.find(({ id }) => id === given.id) ??
    config.apps.find(({ key }) => key === given.key) ??
    config.apps.find(({ enabled }) => enabled) ??
    config.apps[0]
  if (app === undefined) return skip('The apps are in PostgreSQL: none is named here.')
  return {
    url: localUrlOf(status) + config.pathPrefix,
    config,
    app,
    reload: reloadFix(scene),
    eventBytes:
      app.limits?.eventBytes === undefined
        ? { most: config.limits.eventBytes, option: 'limits.eventBytes' }
        : { most: app.limits.eventBytes, option: 'apps[].limits.eventBytes' },
  }
}

export const isFinding = (found: LocalServer | Finding): found is Finding => 'outcome' in found
