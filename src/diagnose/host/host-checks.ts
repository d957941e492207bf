/**
 * Of the host: what the system and Redis allow the server. `host.redis-acl` is asked earlier, with the server.
 */
import type { Check } from '../check.ts'
import type { Scene } from '../scene.ts'
import { hostEventLoop, hostMemory, hostMigration, hostOpenFiles } from './limits.ts'
import {
  hostRedisEviction,
  hostRedisLatency,
  hostRedisPersistence,
  hostRedisVersion,
} from './redis.ts'
import { hostRuntime } from './runtime.ts'

export const HOST_CHECKS: readonly Check<Scene>[] = [
  hostOpenFiles,
  hostMemory,
  hostEventLoop,
  hostMigration,
  hostRuntime,
  hostRedisVersion,
  hostRedisEviction,
  hostRedisPersistence,
  hostRedisLatency,
]
