/**
 * What depends on the apps, brought in line with them at the start and whenever they change: connections,
 * Redis subscriptions, webhooks, the bridge, and how large a request may be.
 */
import type { Logger } from 'pino'
import { AnyOriginWarning } from './apps/any-origin.ts'
import type { App } from './apps/app.ts'
import type { Apps } from './apps/apps.ts'
import type { Bridge } from './bridge/bridge.ts'
import type { Config } from './config/schema.ts'
import type { RequestBounds } from './http-api/request-bounds.ts'
import type { Hub } from './hub/hub.ts'
import type { LaravelSources } from './laravel/sources.ts'
import { CLOSE } from './protocol/codes.ts'
import type { Webhooks } from './webhooks/webhooks.ts'

export interface AppChangesParts {
  readonly apps: Apps
  readonly hub: Hub
  readonly laravel: LaravelSources
  readonly webhooks: Webhooks
  readonly bridge: Bridge
  readonly bounds: RequestBounds
  readonly log: Logger
}

export class AppChanges {
  readonly #parts: AppChangesParts
  readonly #anyOrigin: AnyOriginWarning
  #config: Pick<Config, 'redis' | 'limits'>

  constructor(parts: AppChangesParts, config: Config) {
    this.#parts = parts
    this.#anyOrigin = new AnyOriginWarning(parts.log)
    this.#config = config
    this.#follow()
  }

  /** The configuration is another. */
  configured(config: Config): void {
    this.#config = config
    this.#changed(this.#parts.apps.update(config))
  }

  /** The table of apps is another. */
  tableChanged(): void {
    this.#changed(this.#parts.apps.update())
  }

  /** @param removed apps that are no longer served */
  #changed(removed: readonly App[]): void {
    const { hub } = this.#parts
    for (const { app, connections } of [...hub.lives()]) {
      if (app.settings.enabled) continue
      for (const connection of [...connections.values()]) {
        connection.close(CLOSE.APP_DISABLED, 'The app is disabled.')
      }
    }
    for (const app of removed) {
      for (const connection of [...hub.live(app).connections.values()]) {
        connection.close(CLOSE.APP_NOT_FOUND, 'The app was removed.')
      }
      hub.forget(app)
    }
    this.#follow()
  }

  #follow(): void {
    const { apps, laravel, webhooks, bridge, bounds } = this.#parts
    bounds.appsChanged(this.#config.limits, apps.all())
    laravel.listen(this.#config.redis)
    webhooks.configure(apps.all())
    bridge.appsChanged(apps)
    this.#anyOrigin.review(apps.all())
  }
}
