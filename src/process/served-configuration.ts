/**
 * The configuration that a server serves, for an operator who asks whether it is the one that is meant.
 */
import { belongsToStart, restartOnly } from '../config/reload.ts'
import { Config } from '../config/schema.ts'
import type { Flags } from '../config/sources.ts'
import { differences, shownValues } from '../config/values.ts'
import { readAgain } from './reading.ts'

export interface ServedConfiguration {
  /** By the options' names; secrets are masked. Null where another release serves. */
  readonly values: Readonly<Record<string, unknown>> | null
  /** What a reload would change, as it is read now, and which of it would need more than that. */
  readonly changed: {
    readonly options: readonly string[]
    readonly restart: readonly string[]
    readonly start: readonly string[]
  }
  /** Why it would be refused now. */
  readonly problems: readonly string[]
}

/** @param served as the workers have it @param flags as `start` was given them */
export function servedConfiguration(served: unknown, flags: Flags): ServedConfiguration {
  const config = Config.safeParse(served).data
  const again = readAgain(flags)
  const nothing = { options: [], restart: [], start: [] }
  const values = config === undefined ? null : shownValues(config)
  if ('problems' in again) return { values, changed: nothing, problems: again.problems }
  if (config === undefined) return { values, changed: nothing, problems: [] }
  const beyondReload = restartOnly(config, again.config)
  return {
    values,
    changed: {
      options: differences(config, again.config),
      restart: beyondReload.filter((option) => !belongsToStart(option)),
      start: beyondReload.filter(belongsToStart),
    },
    problems: [],
  }
}
