/**
 * That the histories of `model.test.ts` can fail: each of these releases, which does one thing wrong, is
 * found by them.
 *
 * `MUTANT_HISTORIES`: within how many, 200 unless it is set
 */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Member } from '../../channels/kind.ts'
import type { Change } from '../../src/broker/roll.ts'
import type * as scripts from '../../src/broker/scripts.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { runHistories } from './model/histories.ts'

const MOST = Number(process.env['MUTANT_HISTORIES'] ?? 200)
const AT_ONCE = 24

let redis: TestRedis
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis[Symbol.asyncDispose]())
afterEach(() => {
  vi.doUnmock('../../src/broker/scripts.ts')
  for (const file of ['seats', 'roll', 'store', 'counts']) {
    vi.doUnmock(`../../src/broker/${file}.ts`)
  }
})

/** A script without some of its text. @throws Error when the text is not there any more */
function scriptWith(name: keyof typeof scripts, text: string, instead: string): () => void {
  return () =>
    vi.doMock('../../src/broker/scripts.ts', async (original) => {
      const real = await original<typeof scripts>()
      if (!real[name].includes(text)) throw new Error(`${name} does not say ${text}`)
      return { ...real, [name]: real[name].replace(text, instead) }
    })
}

/** Each with the seed to begin with: one of the next few finds it. */
const MUTANTS: readonly (readonly [what: string, firstSeed: number, mutate: () => void])[] = [
  [
    'does not reap',
    1,
    () =>
      vi.doMock('../../src/broker/store.ts', async (original) => {
        const real = await original<typeof import('../../src/broker/store.ts')>()
        class Mutant extends real.Store {
          override async reap(): Promise<number> {
            return 0
          }
        }
        return { ...real, Store: Mutant }
      }),
  ],
  [
    'does not register its members again',
    16,
    () =>
      vi.doMock('../../src/broker/seats.ts', async (original) => {
        const real = await original<typeof import('../../src/broker/seats.ts')>()
        class Mutant extends real.Seats {
          override register(): void {}
        }
        return { ...real, Seats: Mutant }
      }),
  ],
  [
    'does not register its counts again',
    8,
    () =>
      vi.doMock('../../src/broker/counts.ts', async (original) => {
        const real = await original<typeof import('../../src/broker/counts.ts')>()
        class Mutant extends real.Counts {
          override register(): void {}
        }
        return { ...real, Counts: Mutant }
      }),
  ],
  [
    'asks for no snapshot where a change is missing',
    8,
    () =>
      vi.doMock('../../src/broker/roll.ts', async (original) => {
        const real = await original<typeof import('../../src/broker/roll.ts')>()
        class Mutant extends real.Roll {
          override apply(change: Change): boolean {
            return super.apply(
              this.isLoading || change.number <= this.number
                ? change
                : { ...change, before: this.number },
            )
          }
        }
        return { Roll: Mutant }
      }),
  ],
  [
    'adds a member to a list without looking whether they are in it',
    1,
    () =>
      vi.doMock('../../src/broker/roll.ts', async (original) => {
        const real = await original<typeof import('../../src/broker/roll.ts')>()
        class Mutant extends real.Roll {
          override add(member: Member): void {
            if (this.has(member.userId)) this.remove(member.userId)
            super.add(member)
          }
        }
        return { Roll: Mutant }
      }),
  ],
  [
    'counts a node twice that enters twice',
    8,
    scriptWith(
      'APPLY',
      `if redis.call('HEXISTS', own, field) == 1 then return { 'again', 0, 0 } end`,
      '',
    ),
  ],
  [
    'takes a leave for one of whoever was not there',
    1,
    scriptWith(
      'APPLY',
      `if redis.call('HDEL', own, 'p\\n' .. app .. '\\n' .. channel .. '\\n' .. user) == 0 then`,
      'if false then',
    ),
  ],
  [
    'does not take over what it held before',
    16,
    scriptWith(
      'BEGIN',
      `redis.call('RENAME', P .. 'own:' .. before, P .. 'own:' .. inc)`,
      `redis.call('DEL', P .. 'own:' .. before)`,
    ),
  ],
]

describe('the histories find a release that', () => {
  it.each(MUTANTS)(
    '%s',
    async (_what, firstSeed, mutate) => {
      vi.resetModules()
      mutate()
      const { RedisBroker } = await import('../../src/broker/redis.ts')
      const outcomes = await runHistories({
        redis,
        Broker: RedisBroker,
        firstSeed,
        count: MOST,
        atOnce: AT_ONCE,
        patienceMilliseconds: 4000,
      })
      const found = outcomes.find(({ failure }) => failure !== undefined)
      console.info(
        `after ${outcomes.length} histories, MODEL_SEED=${found?.seed}: ${found?.failure}`,
      )
      expect(found).toBeDefined()
    },
    120_000,
  )
})
