/**
 * The load generator of the benchmarks: a program that puts one load on one server with the engine of
 * `resound bench`, and reads meanwhile what the server uses. Prints the result as a line of JSON.
 *
 * Phases, in order: connect, subscribe, idle, publish, close.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { ClientPublisher } from '../../src/bench/client-publisher.ts'
import { HttpPublisher } from '../../src/bench/http-publisher.ts'
import { Load } from '../../src/bench/load.ts'
import type { Measured } from '../../src/bench/measure.ts'
import type { Publisher } from '../../src/bench/publisher.ts'
import { RedisPublisher } from '../../src/bench/redis-publisher.ts'
import type { Target as EngineTarget } from '../../src/bench/target.ts'
import { Asked, type Phase, type Result } from './generator.ts'

const MOST_SECONDS = 120
/** Requests, where a publisher does not say. */
const PUBLISHERS = 4
const PARALLEL = 64

const { target, load } = Asked.parse(JSON.parse(process.argv[2] ?? ''))
const nodes = [target, ...(target.others ?? [])]
const [first, ...others] = nodes.map(
  ({ port }): EngineTarget => ({
    host: '127.0.0.1',
    port,
    isSecure: false,
    pathPrefix: '',
    appId: target.appId,
    key: target.key,
    secret: target.secret,
  }),
)
if (first === undefined) throw new Error('there is no server to put a load on')
const targets = [first, ...others] as const

const errors: { count: number; first: string } = { count: 0, first: '' }
const generator = new Load(
  [...targets],
  {
    connections: load.connections,
    kind: load.kind ?? 'public',
    channels: load.channels ?? 1,
    channelsPerConnection: load.channelsPerConnection ?? 1,
    channelsPerEvent: load.channelsPerEvent ?? 1,
    name: 'bench',
  },
  new AbortController().signal,
)
console.log(JSON.stringify(await run()))
process.exit(0) // the connections are still open

async function run(): Promise<Result> {
  const asked = (parallel = PARALLEL) => ({ rate: 0, parallel, seconds: MOST_SECONDS })
  const before = load.subscribedBefore ?? 0
  const residentBytesBefore = residentBytes()
  const connect = await phase(() => generator.connect(asked(load.connectParallel)))
  if (before > 0) note(await generator.subscribe(asked(load.subscribeParallel), 0, before))
  const subscribe = await phase(() => generator.subscribe(asked(load.subscribeParallel), before))
  await generator.settle()
  const idle = load.idleSeconds === undefined ? undefined : await phase(beIdle)
  const residentBytesAfter = residentBytes()
  const published = load.publish === undefined ? undefined : await publishAll()
  const close = load.measureClose === undefined ? undefined : await phase(() => generator.close())
  return {
    connect,
    subscribe,
    ...(idle && { idle }),
    ...(published && { publish: published }),
    ...(close && { close }),
    residentBytesBefore,
    residentBytesAfter,
    presenceEvents: generator.fleet.presenceEvents,
    failures: errors.count,
    firstFailure: errors.first,
  }
}

function beIdle(): Promise<Measured> {
  const { connections, idleSeconds: seconds = 0, pingEverySeconds } = load
  const rate = pingEverySeconds === undefined ? 0 : connections / pingEverySeconds
  return generator.idle(rate, seconds)
}

async function publishAll(): Promise<Phase> {
  const { warmup = 0, events = 0, rate = 0, inFlight = 0, publishers = PUBLISHERS } = load
  if (load.publish === 'ping') {
    const ping = (count: number) =>
      generator.ping({ rate, parallel: inFlight, seconds: MOST_SECONDS }, count, publishers)
    note(await ping(warmup))
    return phase(() => ping(events))
  }
  const publisher = await publisherOf(publishers)
  const publish = (count: number) =>
    generator.publish(publisher, {
      rate,
      inFlight,
      count,
      seconds: MOST_SECONDS,
      eventsPerRequest: load.publish === 'batch' ? (load.batchSize ?? 1) : 1,
      payloadBytes: load.payloadBytes ?? 100,
    })
  note(await publish(warmup))
  return phase(() => publish(events))
}

async function publisherOf(publishers: number): Promise<Publisher> {
  switch (load.publish) {
    case 'client':
      return new ClientPublisher(generator.fleet, generator.channels, publishers)
    case 'redis': {
      const url = `redis://127.0.0.1:${target.redisPort}`
      const redis = { url, cluster: [], sentinels: [], tls: {} }
      return RedisPublisher.connect(redis, '')
    }
    default:
      return new HttpPublisher([...targets], {
        connections: publishers,
        isBatch: load.publish === 'batch',
        isFresh: load.connectionPerPublish === 1,
      })
  }
}

/** Counts what went wrong. */
function note(measured: Measured): void {
  for (const { kind, count, sample } of measured.errors) {
    if (errors.count === 0) errors.first = `${kind}: ${sample}`
    errors.count += count
  }
  errors.count += measured.doubled
}

/** Measures what the server uses in a phase. */
async function phase(work: () => Promise<Measured>): Promise<Phase> {
  const server = serverCpuMicros()
  const redis = cpuMicros(target.redisPid)
  const measured = await work()
  const serverCpu = serverCpuMicros() - server
  const redisCpu = cpuMicros(target.redisPid) - redis
  note(measured)
  return {
    operations: measured.operations,
    expected: measured.expected,
    happened: measured.happened,
    seconds: measured.seconds,
    serverCpuMicros: serverCpu,
    redisCpuMicros: redisCpu,
    generatorCpuMicros: measured.self.cpuMicroseconds,
    p50Micros: measured.latencies.percentile(50),
    p99Micros: measured.latencies.percentile(99),
  }
}

function serverCpuMicros(): number {
  return nodes.reduce((sum, { pid }) => sum + cpuMicros(pid), 0)
}

/** On-CPU time of all threads of a process, from the scheduler's nanosecond counters. */
function cpuMicros(pid: number | undefined): number {
  if (pid === undefined) return 0
  const tasks = `/proc/${pid}/task`
  return readdirSync(tasks).reduce((sum, task) => {
    const [nanoseconds] = readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')
    return sum + Number(nanoseconds) / 1000
  }, 0)
}

function residentBytes(): number {
  return nodes.reduce((sum, { pid }) => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return sum + Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024
  }, 0)
}
