/**
 * What a running server cannot take over from a changed configuration.
 */
import { isDeepStrictEqual } from 'node:util'
import { OPTIONS } from './options.ts'
import type { Config } from './schema.ts'
import { valueAt } from './tree.ts'

/** Outside of `apps`, which are all taken over, and of `limits`. */
const TAKEN_OVER = new Set([
  'redis.url',
  'redis.cluster',
  'redis.sentinels',
  'redis.tls.ca',
  'redis.tls.cert',
  'redis.tls.key',
  'log.level',
])

/** Limits that the sockets were given when they were opened for listening. */
const FIXED_LIMITS = new Set(['limits.messageBytes', 'limits.backpressureBytes'])

/** The names of the options that differ and need a restart to take effect. */
export function restartOnly(running: Config, next: Config): string[] {
  // Where Laravel is heard can change at any time; what waits in a Redis for webhooks stays in it.
  const isRedisFixed = [running, next].some(mayHaveWebhooks)
  return OPTIONS.filter(
    ({ name, path: [group] }) =>
      group !== 'apps' &&
      (!TAKEN_OVER.has(name) || (group === 'redis' && isRedisFixed)) &&
      (group !== 'limits' || FIXED_LIMITS.has(name)),
  )
    .filter(({ path }) => !isDeepStrictEqual(valueAt(running, path), valueAt(next, path)))
    .map(({ name }) => name)
}

/** Whether an option belongs to the process that was started, which a restart leaves as it is. */
export function belongsToStart(option: string): boolean {
  return option.startsWith('admin.') || option === 'log.format'
}

const mayHaveWebhooks = ({ apps, postgres }: Config): boolean =>
  postgres.url !== undefined || apps.some(({ webhooks }) => webhooks.length > 0)
