/**
 * Of the host: what the system and Redis allow the server.
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
import { hostRedisAcl } from './redis-acl.ts'
import { hostRuntime } from './runtime.ts'

export const HOST_CHECKS: readonly Check<Scene>[] = [
  hostOpenFiles,
  hostMemory,
  hostEventLoop,
  hostMigration,
  hostRuntime,
  hostRedisVersion,
  hostRedisAcl,
  hostRedisEviction,
  hostRedisPersistence,
  hostRedisLatency,
]
