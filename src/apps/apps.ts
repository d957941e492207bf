/**
 * The apps that are served: those of the configuration, and beside them those of a table.
 *
 * Owns the `App`s. One keeps its identity, and so its connections, for as long as an app with its id
 * is served, wherever that comes from. Between an app of the table and another, what would be refused
 * in the configuration is refused here: the configuration's stays, or the first of the table.
 */
import type { Logger } from 'pino'
import { contradictions } from '../config/contradictions.ts'
import { nameOf, type Path } from '../config/options.ts'
import type { AppConfig } from '../config/schema/app.ts'
import type { Config } from '../config/schema.ts'
import { FAULTS } from '../errors.ts'
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
  /** Refusals that have been logged and still hold. */
  #said: ReadonlySet<string> = new Set()

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

  /** How many connections all apps together may have; 0 where one of them has no bound. */
  get mostConnections(): number {
    let most = 0
    for (const { settings } of this.all()) {
      if (settings.maxConnections === 0) return 0
      most += settings.maxConnections
    }
    return most
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

  /**
   * The apps of the table that contradict neither the configuration's nor each other. One that does
   * stays as it was, if that is possible, as it does when its row is wrong.
   */
  #allowed(config: Config): readonly AppConfig[] {
    const given = this.#table.apps
    const refusals = refusalsIn(config, given)
    this.#tell(refusals)
    if (!refusals.some(isForApp)) return given
    const refused = new Set(refusals.filter(isForApp).map(({ app }) => app))
    const instead = given.flatMap((app) => (refused.has(app) ? this.#asItWas(app) : [app]))
    const still = new Set(
      refusalsIn(config, instead)
        .filter(isForApp)
        .map(({ app }) => app),
    )
    return instead.filter((app) => !still.has(app))
  }

  #asItWas({ id, enabled }: AppConfig): readonly AppConfig[] {
    const before = this.#byId.get(id)?.settings
    if (before === undefined) return []
    return [enabled === before.enabled ? before : { ...before, enabled: before.enabled && enabled }]
  }

  /** Each refusal once. */
  #tell(refusals: readonly Refusal[]): void {
    const fresh = refusals.filter((refusal) => !this.#said.has(textOf(refusal)))
    this.#said = new Set(refusals.map(textOf))
    for (const refusal of fresh.slice(0, MOST_TOLD)) {
      this.#log.error(
        {
          code: 'RESOUND_APP_REFUSED',
          appId: refusal.app.id,
          reason: refusal.reason,
          remedy: FAULTS.RESOUND_APP_REFUSED.remedy,
        },
        isForApp(refusal)
          ? 'an app of the table contradicts another, and is not served so'
          : 'a webhook of an app of the table cannot be sent',
      )
    }
    const more = fresh.length - MOST_TOLD
    if (more > 0) this.#log.error({ more }, 'more apps of the table are not served so')
  }
}

/** Refusals that are logged one by one; after that they are counted. */
const MOST_TOLD = 100

interface Refusal {
  readonly app: AppConfig
  /** The option's path in the app. */
  readonly option: Path
  readonly reason: string
}

const textOf = ({ app, reason }: Refusal): string => `${app.id} ${reason}`

/** Whether an app cannot be served; one with a webhook that cannot be sent can. */
const isForApp = ({ option }: Refusal): boolean => option[0] !== 'webhooks'

/** What the configuration would be refused for if the table's apps stood in it, after its own. */
function refusalsIn(config: Config, ofTable: readonly AppConfig[]): readonly Refusal[] {
  if (ofTable.length === 0) return []
  const apps = [...config.apps, ...ofTable]
  return contradictions({ ...config, apps }).flatMap(({ path, message }) => {
    const [group, index, ...option] = path
    const app = group === 'apps' && typeof index === 'number' ? apps[index] : undefined
    return app === undefined ? [] : [{ app, option, reason: `${nameOf(option)} ${message}` }]
  })
}
