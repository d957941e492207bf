/**
 * Whatever happens to nodes, connections and Redis: every client is told of each member once, and what
 * all nodes say is true again within moments. Random histories of several nodes on a real Redis.
 *
 * - `MODEL_HISTORIES`: how many, 1000 unless it is set
 * - `MODEL_SEED`: the first one's seed, 1 unless it is set; with `MODEL_HISTORIES=1` it is that history again
 * - `MODEL_AT_ONCE`: how many run side by side, 24 unless it is set
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { RedisBroker } from '../../src/broker/redis.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { runHistories } from './model/histories.ts'

const COUNT = Number(process.env['MODEL_HISTORIES'] ?? 1000)
const FIRST_SEED = Number(process.env['MODEL_SEED'] ?? 1)
const AT_ONCE = Number(process.env['MODEL_AT_ONCE'] ?? 24)

let redis: TestRedis
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis[Symbol.asyncDispose]())

it('tells of each member once and the truth in the end, whatever happens', async () => {
  const from = performance.now()
  const outcomes = await runHistories({
    redis,
    Broker: RedisBroker,
    firstSeed: FIRST_SEED,
    count: COUNT,
    atOnce: AT_ONCE,
  })
  const seconds = (performance.now() - from) / 1000
  const operations = outcomes.reduce((sum, outcome) => sum + outcome.operations.length, 0)
  const repairs = outcomes.map(({ repairMilliseconds }) => repairMilliseconds).sort((a, b) => a - b)
  console.info(
    `${outcomes.length} histories, ${operations} operations in ${seconds.toFixed(1)} s; ` +
      `right again after ${repairs[repairs.length >> 1]} ms (median), ${repairs.at(-1)} ms (longest)`,
  )
  const failed = outcomes.filter(({ failure }) => failure !== undefined)
  const told = failed.map(
    ({ seed, failure, operations }) =>
      `MODEL_SEED=${seed}: ${failure}\n${operations.map((operation) => `  ${JSON.stringify(operation)}`).join('\n')}`,
  )
  expect(told.join('\n')).toBe('')
}, 600_000)
