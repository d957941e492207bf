import type { App } from './app.ts'

/** Where apps come from. Look-ups are synchronous: they stand on the hot path. */
export interface AppSource {
  byId(id: string): App | undefined
  byKey(key: string): App | undefined
  all(): Iterable<App>
  /** Whether an app that is not here does not exist. Where apps cannot be asked for, clients are told to try again. */
  readonly isComplete: boolean
}
