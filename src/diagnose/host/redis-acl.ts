/**
 * Whether the Redis user may do all that the server does, found by doing it on keys that end with it.
 */
import { type Check, ok, skip } from '../check.ts'
import { allowing, refusals, userOf } from '../redis/permissions.ts'
import { askRedis, redisUses } from '../redis/uses.ts'
import type { Scene } from '../scene.ts'

export const hostRedisAcl: Check<Scene> = {
  id: 'host.redis-acl',
  area: 'host',
  question: 'May the Redis user do what the server does',
  needs: ['server.redis'],
  run: async ({ reading }) => {
    const uses = reading.valid ? redisUses(reading.config) : []
    if (uses.length === 0) return skip('No Redis is configured.')
    for (const use of uses) {
      const refused = await askRedis(use, (client) => refusals(client, use))
      if (refused.length === 0) continue
      return {
        outcome: 'critical',
        summary: `The user ${userOf(use)} of Redis at ${use.name} may not do all that the server does.`,
        evidence: refused.map((what) => `Refused: ${what}`),
        cause: 'Redis lets this user do only what its rules name (ACL).',
        causeId: 'acl',
        fix: allowing(use),
      }
    }
    return ok(`The user may do all of it (${uses.map(userOf).join(', ')}).`)
  },
}
