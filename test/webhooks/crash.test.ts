/** What a webhook was accepted for arrives, whatever happens to the process that accepted it. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { TestClient } from '../support/client.ts'
import { StartedServer } from '../support/command.ts'
import { Directory } from '../support/directory.ts'
import { TestEndpoint } from '../support/endpoint.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { APP } from '../support/server.ts'

let redis: TestRedis
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis[Symbol.asyncDispose]())

const EVENTS = 60
const CHANNELS = ['a', 'b', 'c']
/** Longer than a dead node keeps an endpoint. */
const PATIENCE = { timeout: 20_000 }

/** A process whose webhook tells this endpoint of client events, a few at a time. */
async function start(directory: Directory, endpoint: TestEndpoint): Promise<StartedServer> {
  directory.write('resound.json', {
    redis: { url: redis.url, keyPrefix: `${endpoint.port}:` },
    webhooks: { batchEvents: 5, graceSeconds: 0 },
    limits: { clientEventsPerSecond: 0 },
    apps: [
      {
        ...APP,
        clientEvents: true,
        webhooks: [{ url: endpoint.url, allowPrivateAddress: true, events: ['client_event'] }],
      },
    ],
  })
  return StartedServer.start(['--config', directory.file('resound.json')])
}

/** Sends numbered client events, one channel after the other, from `first` on. */
async function send(server: StartedServer, first: number, count: number): Promise<void> {
  const client = new TestClient(`ws://127.0.0.1:${server.port}/app/${APP.key}`, APP)
  await client.established()
  for (const channel of CHANNELS) await client.subscribe(`private-${channel}`)
  for (let number = first; number < first + count; number += 1) {
    const channel = `private-${CHANNELS[number % CHANNELS.length]}`
    client.send({ event: 'client-n', channel, data: number })
  }
  client.send({ event: 'pusher:ping', data: {} })
  let event = ''
  while (event !== 'pusher:pong') event = (await client.next()).event // what others say comes here too
  await client.close()
}

/** The numbers of a channel, each where it came first: what came twice may come twice. */
function firstSeen(endpoint: TestEndpoint, channel: string): number[] {
  const numbers = endpoint.events
    .filter((event) => event['channel'] === `private-${channel}`)
    .map((event) => Number(event['data']))
  return [...new Set(numbers)]
}

const sent = (channel: string, count: number): number[] =>
  Array.from({ length: count }, (_, number) => number).filter(
    (number) => CHANNELS[number % CHANNELS.length] === channel,
  )

/** How many events wait in Redis. */
async function stored(endpoint: TestEndpoint): Promise<number> {
  const [key] = await redis.client.keys(`${endpoint.port}:*:waiting`)
  return key === undefined ? 0 : Number(await redis.client.hget(key, 'events'))
}

describe('events that wait in Redis', () => {
  it('all arrive after a kill -9 in the middle of delivering, in the order of their channel', async () => {
    await using endpoint = await TestEndpoint.start()
    using directory = new Directory()
    endpoint.answer(() => ({ status: 503 }))
    await using killed = await start(directory, endpoint)
    await send(killed, 0, EVENTS)
    await vi.waitFor(async () => expect(await stored(endpoint)).toBe(EVENTS), PATIENCE)

    // Some are delivered; then an answer does not come, and neither does the end of the process.
    let answered = 0
    endpoint.answer(() => {
      answered += 1
      if (answered <= 3) return { status: 200 }
      killed.signal('SIGKILL')
      return new Promise(() => undefined)
    })
    await killed.exit()
    expect(endpoint.events.length).toBeLessThan(EVENTS)
    expect(await stored(endpoint)).toBeGreaterThan(0)

    endpoint.answer(() => ({ status: 200 }))
    await using _restarted = await start(directory, endpoint)
    await vi.waitFor(async () => expect(await stored(endpoint)).toBe(0), PATIENCE)
    for (const channel of CHANNELS) {
      expect(firstSeen(endpoint, channel)).toEqual(sent(channel, EVENTS))
    }
  }, 60_000)

  it('are delivered by one of several processes at a time, in the order of their channel', async () => {
    await using endpoint = await TestEndpoint.start()
    using directory = new Directory()
    let atOnce = 0
    let most = 0
    endpoint.answer(async () => {
      atOnce += 1
      most = Math.max(most, atOnce)
      await new Promise((resolve) => setTimeout(resolve, 5)) // an endpoint takes its time
      atOnce -= 1
      return { status: 200 }
    })
    await using first = await start(directory, endpoint)
    await using second = await start(directory, endpoint)
    await send(first, 0, EVENTS)
    await vi.waitFor(async () => expect(await stored(endpoint)).toBe(0), PATIENCE)
    await Promise.all([send(first, EVENTS, EVENTS), send(second, 2 * EVENTS, EVENTS)])
    await endpoint.eventsUntil(3 * EVENTS)
    expect(most).toBe(1)
    for (const channel of CHANNELS) {
      const numbers = firstSeen(endpoint, channel)
      expect(numbers.toSorted((a, b) => a - b)).toEqual(sent(channel, 3 * EVENTS))
      for (const isOfOne of [
        (number: number) => number < 2 * EVENTS,
        (number: number) => number >= 2 * EVENTS,
      ]) {
        const own = numbers.filter(isOfOne)
        expect(own).toEqual(own.toSorted((a, b) => a - b))
      }
    }
  }, 60_000)

  it('stay there when the process stops, and are delivered by the next at once', async () => {
    await using endpoint = await TestEndpoint.start()
    using directory = new Directory()
    endpoint.answer(() => ({ status: 503 }))
    await using stopped = await start(directory, endpoint)
    await send(stopped, 0, EVENTS)
    stopped.signal('SIGTERM')
    expect(await stopped.exit()).toBe(0)
    expect(await stored(endpoint)).toBe(EVENTS)
    expect(stopped.output).not.toContain('are lost')

    endpoint.answer(() => ({ status: 200 }))
    const started = Date.now()
    await using _next = await start(directory, endpoint)
    await vi.waitFor(async () => expect(await stored(endpoint)).toBe(0), PATIENCE)
    expect(Date.now() - started, 'no lease had to run out').toBeLessThan(9000)
    for (const channel of CHANNELS) {
      expect(firstSeen(endpoint, channel)).toEqual(sent(channel, EVENTS))
    }
  }, 60_000)
})
