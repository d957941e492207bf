/**
 * Of delivery: whether an event comes through, from each place where one can start.
 *
 * Each sends a canary: an event without content on a public channel with a random name, which is heard on
 * the server's own port.
 */
import type { Check } from '../check.ts'
import type { Scene } from '../scene.ts'
import { throughAppsApi } from './app-http.ts'
import { throughPhp } from './app-php.ts'
import { throughHttp } from './http.ts'
import { everyNodeHears } from './nodes.ts'
import { largestPayload } from './payload-size.ts'
import { throughQueue } from './queue.ts'
import { throughRedis } from './redis.ts'
import { webhooksTake } from './webhooks.ts'

export const DELIVERY_CHECKS: readonly Check<Scene>[] = [
  throughHttp,
  everyNodeHears,
  throughAppsApi,
  throughRedis,
  throughPhp,
  largestPayload,
  throughQueue,
  webhooksTake,
]
