/**
 * The load generator: built from `load/` when it is first needed, run once for each measurement.
 *
 * Needs g++. It is C++ because one in Node would be slower than the servers it is to measure.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { cacheDirectory, repository, run } from './process.ts'

/** What is asked of the generator; `load/options.hpp` says what each means and its default. */
export interface Load {
  readonly connections: number
  readonly connectParallel?: number
  readonly kind?: 'public' | 'private' | 'presence'
  readonly channels?: number
  readonly channelsPerConnection?: number
  readonly subscribeParallel?: number
  readonly subscribedBefore?: number
  readonly idleSeconds?: number
  readonly pingEverySeconds?: number
  readonly publish?: 'http' | 'batch' | 'client' | 'ping' | 'redis'
  readonly events?: number
  readonly warmup?: number
  readonly rate?: number
  readonly inFlight?: number
  readonly publishers?: number
  readonly channelsPerEvent?: number
  readonly batchSize?: number
  readonly payloadBytes?: number
  readonly connectionPerPublish?: 1
  readonly measureClose?: 1
}

/** Where a load goes. */
export interface Target {
  readonly port: number
  readonly pid: number
  /** The other nodes of the group, of which the load's parts are spread over all. */
  readonly others?: readonly { readonly port: number; readonly pid: number }[]
  readonly appId: string
  readonly key: string
  readonly secret: string
  readonly redisPort?: number
  readonly redisPid?: number
}

const Phase = z.object({
  operations: z.number(),
  expected: z.number(),
  happened: z.number(),
  seconds: z.number(),
  serverCpuMicros: z.number(),
  redisCpuMicros: z.number().default(0),
  generatorCpuMicros: z.number(),
  p50Micros: z.number().default(0),
  p99Micros: z.number().default(0),
})
export type Phase = z.infer<typeof Phase>

export const Result = z.object({
  connect: Phase,
  subscribe: Phase,
  idle: Phase.optional(),
  publish: Phase.optional(),
  close: Phase.optional(),
  residentBytesBefore: z.number(),
  residentBytesAfter: z.number(),
  presenceEvents: z.number(),
  failures: z.number(),
  firstFailure: z.string(),
})
export type Result = z.infer<typeof Result>

const longestRunSeconds = 120

/** Compiles the generator unless its present source has been compiled. @returns its path. */
export async function buildGenerator(): Promise<string> {
  const sources = join(repository, 'test/bench/load')
  const hash = createHash('sha256')
  for (const file of readdirSync(sources).sort()) hash.update(readFileSync(join(sources, file)))
  const program = join(cacheDirectory, `bench-load-${hash.digest('hex').slice(0, 16)}`)
  if (existsSync(program)) return program
  mkdirSync(cacheDirectory, { recursive: true })
  await run('g++', ['-O2', '-std=c++17', '-o', program, join(sources, 'load.cpp')], {
    missing:
      'The load generator is compiled on demand and needs g++ (Debian: apt-get install g++).',
  })
  return program
}

/** Puts one load on one server. @throws when the generator fails or does not end in time. */
export async function putLoad(
  program: readonly string[],
  target: Target,
  load: Load,
): Promise<Result> {
  const { others = [], ...first } = target
  const nodes = [first, ...others]
  const options = Object.entries({
    ...load,
    ...first,
    port: nodes.map(({ port }) => port).join(','),
    pid: nodes.map(({ pid }) => pid).join(','),
    maxSeconds: longestRunSeconds,
  })
  const [command = '', ...prefix] = program
  const output = await run(
    command,
    [...prefix, ...options.map(([name, value]) => `--${name}=${value}`)],
    {
      timeoutSeconds: longestRunSeconds + 10,
    },
  )
  return Result.parse(JSON.parse(output))
}

/** Whether each thing asked for happened, exactly as often as it should. */
export function isComplete(result: Result): boolean {
  const phases = [result.connect, result.subscribe, result.idle, result.publish, result.close]
  return result.failures === 0 && phases.every((phase) => phase?.happened === phase?.expected)
}

/** Whether the generator had no time to spare in a phase: then it, not the server, set the pace. */
export function generatorWasLimit(phase: Phase): boolean {
  return phase.generatorCpuMicros > 0.9 * phase.seconds * 1e6
}
