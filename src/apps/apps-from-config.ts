/**
 * The apps of the configuration.
 */
import type { Config } from '../config/schema.ts'
import { App } from './app.ts'
import type { AppSource } from './app-source.ts'

export class ConfiguredApps implements AppSource {
  readonly isComplete = true
  #byId = new Map<string, App>()
  #byKey = new Map<string, App>()

  constructor(config: Pick<Config, 'apps' | 'limits'>) {
    this.replace(config)
  }

  byId(id: string): App | undefined {
    return this.#byId.get(id)
  }

  byKey(key: string): App | undefined {
    return this.#byKey.get(key)
  }

  all(): Iterable<App> {
    return this.#byId.values()
  }

  /** Takes over a new configuration; apps that stay keep their identity. @returns the apps that are gone */
  replace({ apps, limits }: Pick<Config, 'apps' | 'limits'>): App[] {
    const before = this.#byId
    this.#byId = new Map()
    this.#byKey = new Map()
    for (const config of apps) {
      const present = before.get(config.id)
      present?.replace(config, limits)
      const app = present ?? new App(config, limits)
      this.#byId.set(config.id, app)
      this.#byKey.set(config.key, app)
    }
    return [...before.values()].filter((app) => !this.#byId.has(app.id))
  }
}
