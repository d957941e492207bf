/**
 * Whether each Redis of the configuration answers the server's user.
 */
import { type Check, ok, skip } from '../check.ts'
import { redisFault } from '../redis/fault.ts'
import { askRedis, redisUses } from '../redis/uses.ts'
import type { Scene } from '../scene.ts'

export const serverRedis: Check<Scene> = {
  id: 'server.redis',
  area: 'server',
  question: "Does Redis answer the server's user",
  run: async ({ reading }) => {
    const uses = reading.valid ? redisUses(reading.config) : []
    if (uses.length === 0) return skip('No Redis is configured.')
    for (const use of uses) {
      try {
        await askRedis(use, async () => {})
      } catch (error) {
        return redisFault(use, error as Error)
      }
    }
    return ok(`Redis answers at ${uses.map(({ name }) => name).join(', ')}.`)
  },
}
