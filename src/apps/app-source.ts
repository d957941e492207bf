import type { App } from './app.ts'

/** Where apps come from. Look-ups are synchronous: they stand on the hot path. */
export interface AppSource {
  byId(id: string): App | undefined
  byKey(key: string): App | undefined
}
