import type { Logger } from 'pino'
import type { App } from './app.ts'
import { allowsAnyHost } from './origin.ts'

/** Most apps that one line names. */
const NAMED = 20

/** Says, once for each app, that pages of any origin may connect to it. */
export class AnyOriginWarning {
  readonly #log: Logger
  /** Ids of the apps that it is said of. */
  #said: ReadonlySet<string> = new Set()

  constructor(log: Logger) {
    this.#log = log
  }

  /** To be called with all apps whenever they have changed. */
  review(apps: Iterable<App>): void {
    const before = this.#said
    const open = [...apps].filter(({ settings }) => allowsAnyHost(settings.allowedOrigins))
    this.#said = new Set(open.map(({ id }) => id))
    const unsaid = [...this.#said].filter((id) => !before.has(id))
    if (unsaid.length === 0) return
    this.#log.warn(
      { apps: unsaid.slice(0, NAMED), count: unsaid.length },
      'pages of any origin may connect: list those of the app in its allowedOrigins instead of *',
    )
  }
}
