/**
 * What a running server cannot take over from a changed configuration.
 */
import { isDeepStrictEqual } from 'node:util'
import { OPTIONS } from './options.ts'
import type { Config } from './schema.ts'
import { valueAt } from './tree.ts'

/** Limits that the sockets were given when they were opened for listening. */
const FIXED_LIMITS = new Set(['limits.messageBytes', 'limits.backpressureBytes'])

/** The names of the options that differ and need a restart to take effect. */
export function restartOnly(running: Config, next: Config): string[] {
  const isTlsKept = (running.tls === undefined) === (next.tls === undefined)
  return OPTIONS.filter(
    ({ name, path: [group] }) =>
      group !== 'apps' &&
      (group !== 'tls' || !isTlsKept) &&
      name !== 'log.level' &&
      (group !== 'limits' || FIXED_LIMITS.has(name)),
  )
    .filter(({ path }) => !isDeepStrictEqual(valueAt(running, path), valueAt(next, path)))
    .map(({ name }) => name)
}

/** Whether an option belongs to the process that was started, which a restart leaves as it is. */
export function belongsToStart(option: string): boolean {
  return option.startsWith('admin.') || option === 'log.format'
}
