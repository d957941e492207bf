/**
 * This node's part in the group of nodes that share the Redis of the configuration.
 */
import { hostname } from 'node:os'
import type { Logger } from 'pino'
import type { AppSource } from './apps/app-source.ts'
import { RedisBroker } from './broker/redis.ts'
import type { Clock } from './clock.ts'
import type { Config } from './config/schema.ts'
import type { EventLoopDelay } from './event-loop-delay.ts'
import type { EventCache } from './hub/event-cache.ts'
import { version } from './version.ts'

export interface SharedBrokerParts {
  readonly config: Config
  readonly apps: AppSource
  readonly cache: EventCache
  readonly loop: EventLoopDelay
  readonly log: Logger
  readonly clock: Clock
}

export function sharedBroker(parts: SharedBrokerParts): RedisBroker {
  const { config, apps, cache, loop, log, clock } = parts
  const { keyPrefix, ...target } = config.redis
  return new RedisBroker({
    target,
    keyPrefix,
    apps,
    cache,
    cacheTtlSeconds: config.cache.ttlSeconds,
    lingerSeconds: config.presence.lingerSeconds,
    graceSeconds: config.webhooks.graceSeconds,
    delaySeconds: () => loop.recentSeconds,
    about: { version, host: hostname(), pid: process.pid, startedAt: clock.now() },
    log,
    clock,
  })
}
