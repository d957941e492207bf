/** What every queue of webhooks does, in memory as in Redis. */
import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Budget } from '../../src/webhooks/budget.ts'
import type { EndpointAddress } from '../../src/webhooks/endpoint.ts'
import { MemoryQueue } from '../../src/webhooks/memory-queue.ts'
import type { Batch, Entry, Failure, QueueNews, WebhookQueue } from '../../src/webhooks/queue.ts'
import { RedisQueue } from '../../src/webhooks/redis-queue.ts'
import { ManualClock } from '../support/clock.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { startCluster, type TestCluster } from '../support/redis-cluster.ts'

const A = { appId: '3', id: 'a' }
const B = { appId: '3', id: 'b' }
const OTHER = { appId: '4', id: 'a' }

interface Bounds {
  readonly budget: Budget
  readonly news: QueueNews
  readonly clock: ManualClock
  readonly batchEvents: number
  readonly batchBytes: number
  readonly keptFailures: number
  readonly keptFailureBytes: number
  readonly queuedBytes: number
}

type Open = (bounds: Bounds) => WebhookQueue

/** A queue, and what it has told. */
class Scene implements AsyncDisposable {
  readonly queue: WebhookQueue
  readonly budget = new Budget(1_000_000)
  readonly clock = new ManualClock()
  readonly #work: EndpointAddress[] = []
  readonly #news = new EventEmitter()

  constructor(open: Open, bounds: Partial<Bounds> = {}) {
    this.queue = open({
      budget: this.budget,
      clock: this.clock,
      news: {
        work: (address) => {
          this.#work.push(address)
          this.#news.emit('work')
        },
        dropped: () => expect.unreachable('there is room'),
        forgotten: () => undefined,
      },
      batchEvents: 3,
      batchBytes: 1000,
      keptFailures: 3,
      keptFailureBytes: 10_000,
      queuedBytes: 10_000,
      ...bounds,
    })
    this.queue.configure([A, B, OTHER])
  }

  /** Pushes one entry that holds these events. */
  push(address: EndpointAddress, ...events: string[]): void {
    const text = events.map((event) => JSON.stringify(event)).join(',')
    const bytes = Buffer.byteLength(text)
    if (!this.budget.take(bytes)) throw new Error('no room')
    const now = this.clock.now()
    const entry: Entry = { events: events.length, time: now, queuedAt: now, text, bytes }
    this.queue.push(address, entry)
  }

  /** The batch at the head, as soon as there is work for its endpoint. */
  async take(address: EndpointAddress): Promise<Batch | undefined> {
    const isFor = (work: EndpointAddress): boolean =>
      work.appId === address.appId && work.id === address.id
    while (!this.#work.some(isFor)) {
      await once(this.#news, 'work', { signal: AbortSignal.timeout(5000) })
    }
    await this.queue.stored()
    return this.queue.take(address)
  }

  /** Takes and delivers until nothing is left. @returns the texts of each batch */
  async drain(address: EndpointAddress): Promise<unknown[][]> {
    const batches: unknown[][] = []
    for (let batch = await this.take(address); batch; batch = await this.queue.take(address)) {
      batches.push(eventsOf(batch))
      await this.queue.delivered(address, batch)
    }
    return batches
  }

  async giveUp(address: EndpointAddress, more: Partial<Failure> = {}): Promise<Failure> {
    const batch = await this.take(address)
    if (batch === undefined) throw new Error('nothing to give up')
    const { events, time, text } = batch
    const failure: Failure = {
      id: randomUUID(),
      appId: address.appId,
      endpointId: address.id,
      webhook: 'https://app.test/hook',
      givenUpAt: this.clock.now(),
      reason: 'status 500',
      events,
      time,
      text,
      ...more,
    }
    await this.queue.giveUp(address, batch, failure)
    return failure
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.queue.stop()
    expect(this.clock.running, 'timers left').toBe(0)
  }
}

const eventsOf = (batch: Batch | undefined): unknown[] => JSON.parse(`[${batch?.text ?? ''}]`)

/** Every test has names of its own in the Redis that they share. */
function openRedis(urls: { url?: string; cluster?: string[] }): Open {
  return (bounds) =>
    new RedisQueue({
      ...bounds,
      target: { url: urls.url, cluster: urls.cluster ?? [], sentinels: [], tls: {} },
      keyPrefix: `${randomUUID()}:`,
      log: pino({ level: 'silent' }),
    })
}

let redis: TestRedis
let cluster: TestCluster
beforeAll(async () => {
  ;[redis, cluster] = await Promise.all([startRedis(), startCluster()])
})
afterAll(async () => {
  await redis[Symbol.asyncDispose]()
  await cluster[Symbol.asyncDispose]()
})

describe.each<[name: string, open: Open]>([
  ['in memory', (bounds) => new MemoryQueue(bounds)],
  ['in Redis', (bounds) => openRedis({ url: redis.url })(bounds)],
  ['in a Redis Cluster', (bounds) => openRedis({ cluster: cluster.urls })(bounds)],
])('a queue %s', (_name, open) => {
  it('gives what was pushed, in its order', async () => {
    await using scene = new Scene(open)
    for (const event of ['1', '2', '3', '4', '5']) scene.push(A, event)
    expect((await scene.drain(A)).flat()).toEqual(['1', '2', '3', '4', '5'])
    expect(scene.budget.used).toBe(0)
  })

  it('is empty when nothing was pushed, and after everything was delivered', async () => {
    await using scene = new Scene(open)
    expect(await scene.queue.take(A)).toBeUndefined()
    scene.push(A, '1')
    expect(await scene.drain(A)).toEqual([['1']])
    expect(await scene.queue.take(A)).toBeUndefined()
    scene.push(A, '2')
    expect(await scene.drain(A)).toEqual([['2']])
  })

  it('puts small entries together, up to the bound on events', async () => {
    await using scene = new Scene(open)
    scene.push(A, 'head')
    const head = await scene.take(A)
    scene.push(A, '1')
    scene.push(A, '2', '3')
    scene.push(A, '4', '5')
    scene.push(A, '6', '7')
    expect(eventsOf(head)).toEqual(['head'])
    if (head !== undefined) await scene.queue.delivered(A, head)
    expect(await scene.drain(A)).toEqual([
      ['1', '2', '3'],
      ['4', '5'],
      ['6', '7'],
    ])
  })

  it('puts entries together up to the bound on bytes, and a larger one by itself', async () => {
    await using scene = new Scene(open, { batchBytes: 400 })
    const [small, large] = ['s'.repeat(100), 'l'.repeat(500)]
    scene.push(A, 'head')
    await scene.take(A)
    for (const event of [small, large, small, small, 'last']) scene.push(A, event)
    expect(await scene.drain(A)).toEqual([['head'], [small], [large], [small, small, 'last']])
  })

  it('gives the same batch until it is settled, whatever is pushed meanwhile', async () => {
    await using scene = new Scene(open)
    scene.push(A, '1')
    const first = await scene.take(A)
    scene.clock.advance(10)
    scene.push(A, '2')
    await scene.queue.stored()
    expect(await scene.queue.take(A)).toEqual(first)
    expect(eventsOf(first)).toEqual(['1'])
  })

  it('says when the first of its events happened, and since when it waits', async () => {
    await using scene = new Scene(open)
    const began = scene.clock.now()
    scene.push(A, '1', '2')
    scene.clock.advance(10)
    scene.push(A, '3')
    const batch = await scene.take(A)
    expect(batch).toMatchObject({ time: began, queuedAt: began })
    expect(batch?.events).toBe(eventsOf(batch).length)
  })

  it('keeps endpoints and apps apart', async () => {
    await using scene = new Scene(open)
    scene.push(A, 'a')
    scene.push(B, 'b')
    scene.push(OTHER, 'other')
    await scene.take(A)
    expect(await scene.drain(B)).toEqual([['b']])
    expect(await scene.drain(OTHER)).toEqual([['other']])
    expect(await scene.drain(A)).toEqual([['a']])
  })

  it('counts what waits, by app', async () => {
    await using scene = new Scene(open)
    scene.push(A, '1', '2')
    scene.push(B, '3')
    scene.push(OTHER, '4')
    expect([scene.queue.waiting('3'), scene.queue.waiting('4')]).toEqual([3, 1])
  })

  it('keeps text of any kind', async () => {
    await using scene = new Scene(open)
    const event = 'é 𝄞 \u0000 \n\r " \\ : 3 4'
    scene.push(A, event)
    expect(await scene.drain(A)).toEqual([[event]])
  })

  it('goes on behind a batch that was given up, which is kept', async () => {
    await using scene = new Scene(open, { batchEvents: 1 })
    scene.push(A, '1')
    scene.push(A, '2')
    const failure = await scene.giveUp(A)
    expect(await scene.queue.failures('3', 100)).toEqual([failure])
    expect(await scene.queue.failures('4', 100)).toEqual([])
    expect(await scene.drain(A)).toEqual([['2']])
  })

  it('keeps so many failures of an app, the newest', async () => {
    await using scene = new Scene(open, { batchEvents: 1 })
    const failures: Failure[] = []
    for (const event of ['1', '2', '3', '4', '5']) {
      scene.push(A, event)
      failures.push(await scene.giveUp(A))
    }
    expect(await scene.queue.failures('3', 100)).toEqual(failures.slice(2).reverse())
  })

  it('keeps so much of failures, the newest', async () => {
    await using scene = new Scene(open, { keptFailureBytes: 1500 })
    const failures: Failure[] = []
    for (const event of ['1', '2', '3']) {
      scene.push(A, event.repeat(600))
      failures.push(await scene.giveUp(A))
    }
    const kept = await scene.queue.failures('3', 100)
    expect(kept).toEqual(failures.slice(-kept.length).reverse())
    expect([1, 2]).toContain(kept.length)
  })

  it('keeps none where none are wanted', async () => {
    await using scene = new Scene(open, { keptFailures: 0 })
    scene.push(A, '1')
    await scene.giveUp(A)
    expect(await scene.queue.failures('3', 100)).toEqual([])
  })

  it('replays what was given up, the oldest first, and forgets that it was', async () => {
    await using scene = new Scene(open, { batchEvents: 1 })
    for (const event of ['1', '2', '3']) {
      scene.push(A, event)
      await scene.giveUp(A)
      expect(await scene.queue.take(A)).toBeUndefined()
    }
    expect(await scene.queue.replay('3')).toBe(3)
    expect(await scene.queue.failures('3', 100)).toEqual([])
    expect(await scene.drain(A)).toEqual([['1'], ['2'], ['3']])
    expect(scene.budget.used).toBe(0)
  })

  it('replays those that are named, with a new wait and their old time', async () => {
    await using scene = new Scene(open, { batchEvents: 1 })
    const [first, second] = ['1', '2']
    scene.push(A, first)
    const began = scene.clock.now()
    const failure = await scene.giveUp(A)
    scene.push(A, second)
    await scene.giveUp(A)
    expect(await scene.queue.take(A)).toBeUndefined()
    scene.clock.advance(60_000)
    expect(await scene.queue.replay('3', [failure.id, 'unknown'])).toBe(1)
    const batch = await scene.take(A)
    expect(batch).toMatchObject({ time: began, queuedAt: began + 60_000 })
    expect(await scene.queue.failures('3', 100)).toHaveLength(1)
  })

  it('does not replay what has no endpoint any more', async () => {
    await using scene = new Scene(open)
    scene.push(A, '1')
    await scene.giveUp(A)
    scene.queue.configure([B])
    expect(await scene.queue.replay('3')).toBe(0)
    expect(await scene.queue.failures('3', 100)).toHaveLength(1)
  })

  it('gives nothing for an endpoint that is not configured any more', async () => {
    await using scene = new Scene(open)
    scene.push(A, '1')
    const batch = await scene.take(A)
    scene.queue.configure([B])
    if (batch !== undefined) await scene.queue.delivered(A, batch)
    expect(await scene.queue.take(A)).toBeUndefined()
    expect(scene.budget.used).toBe(0)
  })
})
