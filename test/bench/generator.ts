/**
 * The load generator, as the benchmarks run it: a process for each measurement, with the engine of
 * `resound bench`, or the native one where that would itself be the limit.
 */
import { join } from 'node:path'
import { z } from 'zod'
import { nativeCommand } from './native.ts'
import { run } from './process.ts'

const count = z.number().int().nonnegative().optional()

/** What is asked of the generator. */
const Load = z.strictObject({
  connections: z.number().int().positive(),
  /** At a time. */
  connectParallel: count,
  kind: z.enum(['public', 'private', 'presence']).optional(),
  channels: count,
  channelsPerConnection: count,
  /** At a time. */
  subscribeParallel: count,
  /** Connections whose subscriptions come before those that are measured. */
  subscribedBefore: count,
  /** Doing nothing but answering pings, and pinging every so often. */
  idleSeconds: count,
  pingEverySeconds: count,
  publish: z.enum(['http', 'batch', 'client', 'ping', 'redis']).optional(),
  events: count,
  /** Events before those that are measured. */
  warmup: count,
  /** Events per second; without one, as fast as `inFlight` allows. */
  rate: count,
  /** Deliveries that may be under way when there is no rate. */
  inFlight: count,
  /** HTTP connections; for client events and pings, subscribers that send. */
  publishers: count,
  channelsPerEvent: count,
  batchSize: count,
  payloadBytes: count,
  /** Each HTTP request on a TCP connection of its own. */
  connectionPerPublish: z.literal(1).optional(),
  /** Close handshake on every connection, timed until the last is gone. */
  measureClose: z.literal(1).optional(),
  /** Has no rate that the engine could hold: put by the native generator. */
  isSaturating: z.literal(true).optional(),
})
export type Load = Readonly<z.infer<typeof Load>>

const Server = z.object({ port: z.number().int(), pid: z.number().int() })

/** Where a load goes. */
const Target = Server.extend({
  /** The other nodes of the group, of which the load's parts are spread over all. */
  others: z.array(Server).readonly().optional(),
  appId: z.string(),
  key: z.string(),
  secret: z.string(),
  redisPort: z.number().int().optional(),
  redisPid: z.number().int().optional(),
})
export type Target = Readonly<z.infer<typeof Target>>

export const Asked = z.object({ target: Target, load: Load })

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

/** Puts one load on one server. @param prefix of the generator's command @throws when it fails or does not end in time */
export async function putLoad(
  prefix: readonly string[],
  target: Target,
  load: Load,
): Promise<Result> {
  const generator =
    load.isSaturating === true
      ? await nativeCommand(target, load, longestRunSeconds)
      : [process.execPath, engine, JSON.stringify({ target, load })]
  const [command = '', ...parameters] = [...prefix, ...generator]
  const output = await run(command, parameters, { timeoutSeconds: longestRunSeconds + 10 })
  return Result.parse(JSON.parse(output))
}

const engine = join(import.meta.dirname, 'load.js')

/** Whether each thing asked for happened, exactly as often as it should. */
export function isComplete(result: Result): boolean {
  const phases = [result.connect, result.subscribe, result.idle, result.publish, result.close]
  return result.failures === 0 && phases.every((phase) => phase?.happened === phase?.expected)
}

/** Whether the generator had no time to spare in a phase: then it, not the server, set the pace. */
export function generatorWasLimit(phase: Phase): boolean {
  return phase.generatorCpuMicros > 0.9 * phase.seconds * 1e6
}
