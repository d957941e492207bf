import { isDeepStrictEqual } from 'node:util'
import type { Config } from './schema.ts'

/** What a running server takes over; everything else is fixed at its start. */
const APPLIED = new Set<keyof Config>(['apps', 'limits', 'log'])

/** Limits that the sockets were given when they were opened for listening. */
const FIXED_LIMITS = ['messageBytes', 'backpressureBytes'] as const

/** The paths of the options that differ and need a restart to take effect. */
export function restartOnly(running: Config, next: Config): string[] {
  const options = Object.keys({ ...running, ...next }) as (keyof Config)[] // the schema is strict
  return [
    ...options.filter(
      (option) => !APPLIED.has(option) && !isDeepStrictEqual(running[option], next[option]),
    ),
    ...FIXED_LIMITS.filter((limit) => running.limits[limit] !== next.limits[limit]).map(
      (limit) => `limits.${limit}`,
    ),
  ]
}
