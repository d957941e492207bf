/** Many histories at once. */
import type { TestRedis } from '../../support/redis.ts'
import { type HistoryParts, type Outcome, runHistory } from './history.ts'

export interface Histories extends Omit<HistoryParts, 'seed' | 'redis' | 'redisPort'> {
  readonly redis: TestRedis
  readonly firstSeed: number
  readonly count: number
  readonly atOnce: number
}

/** Runs them until one fails. @returns the outcomes so far */
export async function runHistories(parts: Histories): Promise<readonly Outcome[]> {
  const { redis, firstSeed, count, atOnce, ...rest } = parts
  const outcomes: Outcome[] = []
  let next = firstSeed
  let hasFailed = false
  const one = async (): Promise<void> => {
    while (next < firstSeed + count && !hasFailed) {
      const seed = next
      next += 1
      const outcome = await runHistory({
        ...rest,
        seed,
        redis: redis.client,
        redisPort: redis.port,
      })
      outcomes.push(outcome)
      hasFailed ||= outcome.failure !== undefined
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one))
  return outcomes
}
