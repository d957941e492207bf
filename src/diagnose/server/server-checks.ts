/**
 * Of the server that runs: whether it is the one that is meant, and ready.
 */
import type { Check } from '../check.ts'
import { hostRedisAcl } from '../host/redis-acl.ts'
import type { Scene } from '../scene.ts'
import { serverClock } from './clock.ts'
import { serverConfiguration } from './configuration.ts'
import { serverReady } from './ready.ts'
import { serverRedis } from './redis.ts'
import { serverRunning } from './running.ts'
import { serverWorkers } from './workers.ts'

export const SERVER_CHECKS: readonly Check<Scene>[] = [
  serverRunning,
  serverWorkers,
  serverConfiguration,
  serverClock,
  serverRedis,
  hostRedisAcl, // what Redis refuses keeps the server from being ready
  serverReady,
]
