/**
 * One of two workers on one port is killed, and everybody on it comes back to the other.
 *
 * In the time that there is for all tests, with 3,000 connections; FAULT_CONNECTIONS=10000 is what
 * docs/reliability.md gives figures of.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as passed } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { StartedServer } from '../support/command.ts'
import { Directory } from '../support/directory.ts'
import { startRedis } from '../support/redis.ts'
import { APP } from '../support/server.ts'
import { gather } from './crowd.ts'
import { Press } from './press.ts'
import { Recording } from './recording.ts'
import { judgeReturn, type Return } from './return.ts'
import { seed } from './seed.ts'

const CONNECTIONS = Number(process.env['FAULT_CONNECTIONS'] ?? 3000)
const CHANNELS = Math.ceil(CONNECTIONS / 10)
const DIALS_PER_SECOND = 400
const BACK_MS = 60_000
/** Ten delays a second and process are few in a shorter time. */
const DELAYS_MS = 20_000

/** Upper bound in seconds, and how many delays were no longer. */
type Buckets = readonly (readonly [number, number])[]

describe(`after one of two workers with ${CONNECTIONS} connections is killed`, () => {
  const recording = new Recording()
  let back: Return
  let delay: number

  beforeAll(
    async () => {
      await using redis = await startRedis()
      using directory = new Directory({
        'resound.json': { redis: { url: redis.url }, apps: [{ ...APP }] },
      })
      const config = directory.file('resound.json')
      await using server = await StartedServer.start(['--config', config, '--workers', '2'])
      const places = [{ index: 0, port: server.port }]
      using _crowd = gather({
        ...{ places, recording, seed, channels: CHANNELS, dialsPerSecond: DIALS_PER_SECOND },
        ...{ listeners: CONNECTIONS, pages: 6, residents: 0, visitors: 0, rooms: 1 },
      })
      const here = () => recording.listening.filter(({ until }) => until === undefined)
      const allAreHere = () => expect(here()).toHaveLength(CONNECTIONS + 6)
      await vi.waitFor(allAreHere, { timeout: BACK_MS + (2000 * CONNECTIONS) / DIALS_PER_SECOND })
      await using _press = new Press({
        ...{ places, recording, channels: CHANNELS, eventsPerSecond: 100 },
      })
      await passed(1000)

      const before = await delaysOf(server)
      const from = performance.now()
      process.kill(workerOf(server), 'SIGKILL')
      // All who were on it have seen that it is gone, before it is asked whether they are back.
      await server.logged('a worker ended; another one takes its place')
      await passed(1000)
      await vi.waitFor(allAreHere, { timeout: 2 * BACK_MS })
      back = judgeReturn(recording, { from, to: performance.now() })
      await passed(Math.max(0, from + DELAYS_MS - performance.now()))
      delay = quantile(before, await delaysOf(server), 0.99)
    },
    60_000 + 20 * CONNECTIONS + 3 * BACK_MS,
  )
  afterAll(() => {
    console.log(`a killed worker of two with ${CONNECTIONS} connections, seed ${seed}:`, {
      ...back,
      eventLoopDelayP99Seconds: delay,
    })
  })

  it('everybody of about half is back within a minute', () => {
    expect(back.away).toEqual([])
    expect(back.returns).toBeGreaterThan(CONNECTIONS / 4)
    expect(back.longestMilliseconds).toBeLessThan(BACK_MS)
  })

  it('nobody was sent to wait for 15 s, or to dial for ever', () => {
    expect(back).toMatchObject({ refused: [], closedTooSoon: 0 })
  })

  it('no event loop was held up', () => {
    expect(delay).toBeLessThan(0.2)
  })
})

/** One of the processes that serve, which the one that was started looks after. */
function workerOf({ pid }: StartedServer): number {
  const [worker] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').map(Number)
  if (worker === undefined || worker === 0) throw new Error('it has workers')
  return worker
}

/** How late a process' event loop has been, as its metrics say. */
async function delaysOf(server: StartedServer): Promise<Buckets> {
  const { admin }: { admin: string } = JSON.parse(server.readyLine)
  const text = await (await fetch(`http://${admin}/metrics`)).text()
  const lines = text.matchAll(/^resound_event_loop_delay_seconds_bucket\{le="([^"]+)"\} (\d+)$/gm)
  return [...lines].map(([, bound, count]) => [
    bound === '+Inf' ? Infinity : Number(bound),
    Number(count),
  ])
}

/** Where so many of the delays between two moments were shorter, taken to be even within a bucket. */
function quantile(before: Buckets, after: Buckets, part: number): number {
  const counts = after.map(([bound, count], index) => [bound, count - (before[index]?.[1] ?? 0)])
  const all = counts.at(-1)?.[1] ?? 0
  let [lower, below] = [0, 0]
  for (const [bound = Infinity, count = 0] of counts) {
    if (count >= part * all) {
      return lower + ((bound - lower) * (part * all - below)) / Math.max(1, count - below)
    }
    lower = bound
    below = count
  }
  return Infinity
}
