/** What `resound bench --json` prints. */
import { z } from 'zod'
import { PHASES, SCENARIOS, WAYS } from '../../bench/plan.ts'
import { KINDS } from '../../bench/shape.ts'
import { REASONS } from '../../bench/verdict.ts'

const Count = z.number().int().nonnegative()

const GeneratorLimited = z
  .object({
    limited: z.boolean(),
    reasons: z.array(z.object({ code: z.enum(REASONS), message: z.string() })),
  })
  .describe('Where it is limited, rates are what the server can at least, latencies at most.')

const Latency = z
  .object({
    p50: z.number(),
    p90: z.number(),
    p99: z.number(),
    p99_9: z.number(),
    max: z.number(),
    mean: z.number(),
  })
  .describe('Milliseconds, from when something was due until it had happened.')

const Phase = z.object({
  phase: z.enum(PHASES),
  operations: Count.describe('Connects, subscriptions, events, or leaves and joins.'),
  expected: Count.describe('What should have come of them: answers or deliveries.'),
  happened: Count,
  missed: Count,
  doubled: Count,
  seconds: z.number(),
  operationsPerSecond: z.number(),
  happenedPerSecond: z.number(),
  latencyMilliseconds: Latency.nullable().describe('Null where nothing has happened.'),
  errors: z.array(z.object({ kind: z.string(), count: Count, sample: z.string() })),
  generator: z.object({
    busyShare: z.number().describe('Of the busiest thread, 0 to 1.'),
    loopDelayP99Milliseconds: z.number(),
    lagP99Milliseconds: z.number().describe('How late it did what was due.'),
  }),
  generatorLimited: GeneratorLimited,
})

export const BenchDocument = z.object({
  schema: z.literal('resound.bench/1'),
  version: z.string(),
  startedAt: z.iso.datetime(),
  target: z.object({ url: z.string(), app: z.string() }),
  asked: z.object({
    scenarios: z.array(z.enum(SCENARIOS)),
    connections: Count,
    channels: Count,
    kind: z.enum(KINDS),
    ratePerSecond: z.number().nullable().describe('Null for as fast as the server answers.'),
    seconds: z.number(),
    warmUpSeconds: z.number(),
    way: z.enum(WAYS),
    batch: Count,
    publishers: Count,
    payloadBytes: Count,
    threads: Count,
  }),
  interrupted: z.boolean(),
  complete: z.boolean().describe('Nothing failed, was missed, or came twice.'),
  scenarios: z.array(z.object({ scenario: z.enum(SCENARIOS), phases: z.array(Phase) })),
  generatorLimited: GeneratorLimited.describe('In the phases that the scenarios are about.'),
})
export type BenchDocument = z.infer<typeof BenchDocument>
