/**
 * The apps that are served: those of the configuration, and beside them those of a table.
 *
 * Owns the `App`s. One keeps its identity, and so its connections, for as long as an app with its id
 * is served, wherever that comes from. Between an app of the table and another, what would be refused
 * in the configuration is refused here: the configuration's stays, or the first of the table.
 */
import type { Logger } from 'pino'
import { contradictions } from '../config/contradictions.ts'
import { nameOf } from '../config/options.ts'
import type { AppConfig, Config } from '../config/schema.ts'
import { App } from './app.ts'
import type { AppSource } from './app-source.ts'

/** A table of apps, as far as look-ups depend on it. */
export interface AppTable {
  /** The same objects as long as their rows are the same. */
  readonly apps: readonly AppConfig[]
  /** Whether an app that is not in it does not exist. */
  readonly isComplete: boolean
}

export const NO_TABLE: AppTable = { apps: [], isComplete: true }

export class Apps implements AppSource {
  readonly #table: AppTable
  readonly #log: Logger
  #config: Config
  #byId = new Map<string, App>()
  #byKey = new Map<string, App>()
  #counts = { config: 0, postgres: 0 }
  /** What has been said about apps that are not served, by app. */
  #refusals: ReadonlyMap<string, string> = new Map()

  constructor({ config, table, log }: { config: Config; table: AppTable; log: Logger }) {
    this.#config = config
    this.#table = table
    this.#log = log
    this.update(config)
  }

  get isComplete(): boolean {
    return this.#table.isComplete
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

  /** How many apps come from where. */
  get counts(): Readonly<Record<'config' | 'postgres', number>> {
    return this.#counts
  }

  /** Takes over what has changed in the table or the configuration. @returns the apps that are gone */
  update(config: Config = this.#config): readonly App[] {
    const ofTable = this.#allowed(config)
    const hasNewLimits = config.limits !== this.#config.limits
    const before = this.#byId
    this.#byId = new Map()
    this.#byKey = new Map()
    for (const settings of [...config.apps, ...ofTable]) {
      const present = before.get(settings.id)
      const app = present ?? new App(settings, config.limits)
      if (hasNewLimits || app.settings !== settings) app.replace(settings, config.limits)
      this.#byId.set(settings.id, app)
      this.#byKey.set(settings.key, app)
    }
    this.#config = config
    this.#counts = { config: config.apps.length, postgres: ofTable.length }
    return [...before.values()].filter(({ id }) => !this.#byId.has(id))
  }

  /** The apps of the table that contradict neither the configuration's nor each other. */
  #allowed(config: Config): readonly AppConfig[] {
    const { apps } = this.#table
    if (apps.length === 0) return apps
    const refusals = new Map<AppConfig, string>()
    const all = [...config.apps, ...apps]
    for (const { path, message } of contradictions({ ...config, apps: all })) {
      const [group, index, ...option] = path
      const app = group === 'apps' ? all[Number(index)] : undefined
      if (app !== undefined) refusals.set(app, `${nameOf(option)} ${message}`)
    }
    this.#tell(refusals)
    return apps.filter((app) => !refusals.has(app))
  }

  /** Each refusal once. */
  #tell(refusals: ReadonlyMap<AppConfig, string>): void {
    const said = this.#refusals
    this.#refusals = new Map([...refusals].map(([{ id }, reason]) => [id, reason]))
    for (const [appId, reason] of this.#refusals) {
      if (said.get(appId) === reason) continue
      this.#log.error(
        { code: 'RESOUND_APP_REFUSED', appId, reason },
        'an app of the table is not served',
      )
    }
  }
}
