/** The queue in Redis where several nodes share it, and where Redis or a node goes away. */
import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { Budget } from '../../src/webhooks/budget.ts'
import type { EndpointAddress } from '../../src/webhooks/endpoint.ts'
import type { Batch } from '../../src/webhooks/queue.ts'
import { RedisQueue } from '../../src/webhooks/redis-queue.ts'
import { ManualClock } from '../support/clock.ts'
import { eventually } from '../support/eventually.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { TestLog } from '../support/test-log.ts'

const A = { appId: '3', id: 'a' }
const LEASE = 'resound:webhooks:{3}:a:lease'

/** A node's view of the queue. Its rounds come when a test turns the clock. */
class Node implements AsyncDisposable {
  readonly queue: RedisQueue
  readonly clock = new ManualClock()
  readonly budget = new Budget(1_000_000)
  readonly log = new TestLog()
  readonly dropped: number[] = []
  readonly forgotten: number[] = []
  readonly #news = new EventEmitter()
  #works = 0
  #lost: number | undefined

  constructor(url: string, queuedBytes = 100_000) {
    this.queue = new RedisQueue({
      target: { url, cluster: [], sentinels: [], tls: {} },
      keyPrefix: 'resound:',
      budget: this.budget,
      clock: this.clock,
      log: this.log.logger,
      news: {
        work: () => {
          this.#works += 1
          this.#news.emit('work')
        },
        dropped: (_appId, events) => this.dropped.push(events),
        forgotten: (_appId, events) => this.forgotten.push(events),
      },
      batchEvents: 2,
      batchBytes: 10_000,
      keptFailures: 10,
      keptFailureBytes: 10_000,
      queuedBytes,
    })
    this.queue.configure([A])
  }

  push(...events: string[]): void {
    for (const event of events) {
      const text = JSON.stringify(event)
      const now = this.clock.now()
      this.budget.take(text.length)
      this.queue.push(A, { events: 1, time: now, queuedAt: now, text, bytes: text.length })
    }
  }

  /** Resolves when the endpoint is, or was, this node's to deliver. */
  async work(): Promise<void> {
    while (this.#works === 0) {
      await once(this.#news, 'work', { signal: AbortSignal.timeout(5000) })
    }
    this.#works = 0
  }

  /** Lets rounds go by until there is work here. */
  async found(): Promise<void> {
    await eventually(() => {
      this.clock.advance(3000)
      expect(this.#works).toBeGreaterThan(0)
    })
    this.#works = 0
  }

  async drain(address: EndpointAddress = A): Promise<string[]> {
    const events: string[] = []
    for (;;) {
      const batch = await this.queue.take(address)
      if (batch === undefined) return events
      events.push(...eventsOf(batch))
      await this.queue.delivered(address)
    }
  }

  /** Delivers what there is work for, until it was so many events. */
  async receive(count: number): Promise<string[]> {
    const events: string[] = []
    while (events.length < count) {
      await this.work()
      events.push(...(await this.drain()))
    }
    return events
  }

  /** @returns how many events were lost */
  async stop(): Promise<number> {
    this.#lost ??= await this.queue.stop()
    return this.#lost
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

const eventsOf = (batch: Batch | undefined): string[] => JSON.parse(`[${batch?.text ?? ''}]`)

/** What happens to a dead node's lease when its time is over. */
const expire = (redis: TestRedis): Promise<number> => redis.client.del(LEASE)

describe('an endpoint', () => {
  it("is one node's to deliver at a time, and the next one's when that has stopped", async () => {
    await using redis = await startRedis()
    await using first = new Node(redis.url)
    await using second = new Node(redis.url)
    first.push('1', '2', '3')
    await first.work()
    await first.queue.stored()
    second.push('4')
    await second.queue.stored()
    expect(await second.queue.take(A)).toBeUndefined()
    expect(eventsOf(await first.queue.take(A))).toEqual(['1', '2'])
    await first.queue.delivered(A)
    await first.stop()
    await second.found()
    expect(await second.drain()).toEqual(['3', '4'])
  })

  it("stays its node's as long as that lives", async () => {
    await using redis = await startRedis()
    await using first = new Node(redis.url)
    first.push('1')
    await first.work()
    await redis.client.pexpire(LEASE, 500)
    first.clock.advance(3000)
    await eventually(async () => expect(await redis.client.pttl(LEASE)).toBeGreaterThan(5000))
    await using second = new Node(redis.url)
    second.clock.advance(3000)
    second.push('2')
    await second.queue.stored()
    expect(await second.queue.take(A)).toBeUndefined()
  })

  it('of a node that died is taken over with the batch as it was', async () => {
    await using redis = await startRedis()
    await using dead = new Node(redis.url)
    dead.push('1')
    await dead.work()
    const taken = await dead.queue.take(A)
    dead.push('2', '3')
    await dead.queue.stored()
    await expire(redis)
    await using heir = new Node(redis.url)
    await heir.found()
    expect(await heir.queue.take(A)).toEqual(taken)
    await heir.queue.delivered(A)
    expect(await heir.drain()).toEqual(['2', '3'])
  })

  it('that was taken over is not settled by the node that lost it', async () => {
    await using redis = await startRedis()
    await using slow = new Node(redis.url)
    slow.push('1', '2', '3', '4')
    await slow.work()
    await slow.queue.stored()
    expect(eventsOf(await slow.queue.take(A))).toEqual(['1', '2'])
    await expire(redis)
    await using heir = new Node(redis.url)
    await heir.found()
    expect(eventsOf(await heir.queue.take(A))).toEqual(['1', '2'])
    await heir.queue.delivered(A)
    expect(eventsOf(await heir.queue.take(A))).toEqual(['3', '4'])
    await slow.queue.delivered(A)
    expect(await slow.queue.take(A)).toBeUndefined()
    expect(eventsOf(await heir.queue.take(A)), 'still there').toEqual(['3', '4'])
  })

  it('whose lease ran out while nobody else was there stays with its node', async () => {
    await using redis = await startRedis()
    await using node = new Node(redis.url)
    node.push('1', '2', '3')
    await node.work()
    await node.queue.stored()
    await node.queue.take(A)
    await expire(redis)
    await node.queue.delivered(A)
    expect(await node.drain()).toEqual(['3'])
  })
})

describe('while Redis is away', () => {
  it('what is pushed waits in memory, and is written in its order when Redis is back', async () => {
    await using redis = await startRedis()
    await using node = new Node(redis.url)
    node.push('1')
    expect(await node.receive(1)).toEqual(['1'])
    await redis.stop()
    await node.log.line(/unreachable/)
    node.push('2', '3', '4')
    expect(node.queue.waiting('3')).toBeGreaterThanOrEqual(3)
    expect(node.budget.used).toBeGreaterThan(0)
    await redis.start()
    expect(await node.receive(3)).toEqual(['2', '3', '4'])
    expect(node.budget.used).toBe(0)
    await node.log.line(/Redis is back/)
  })

  it('what was delivered then is settled before the next is taken', async () => {
    await using redis = await startRedis()
    await using node = new Node(redis.url)
    node.push('1', '2', '3')
    await node.work()
    await node.queue.stored()
    expect(eventsOf(await node.queue.take(A))).toEqual(['1', '2'])
    await redis.stop()
    await node.queue.delivered(A)
    expect(await node.queue.take(A)).toBeUndefined()
    await redis.start()
    expect(await node.receive(1)).toEqual(['3'])
  })

  it('a push that was answered too late is not made twice', async () => {
    await using redis = await startRedis()
    await using node = new Node(redis.url)
    node.push('1')
    expect(await node.receive(1)).toEqual(['1'])
    redis.pause()
    node.push('2', '3')
    await node.log.line(/unreachable/)
    redis.resume()
    await node.found()
    await node.queue.stored()
    expect(await node.drain()).toEqual(['2', '3'])
  })

  it('what waits for an endpoint that is taken away is forgotten, and said once', async () => {
    await using redis = await startRedis()
    await using node = new Node(redis.url)
    node.push('1')
    expect(await node.receive(1)).toEqual(['1'])
    await redis.stop()
    node.push('2', '3')
    node.queue.configure([])
    expect(node.forgotten).toEqual([2])
    expect(node.dropped).toEqual([])
    expect(node.budget.used).toBe(0)
  })

  it('a stop says what is lost', async () => {
    await using redis = await startRedis()
    await using node = new Node(redis.url)
    node.push('1')
    await node.work()
    await redis.stop()
    node.push('2', '3')
    expect(await node.stop()).toBe(2)
  })

  it('is told without the password, and what to do', async () => {
    await using redis = await startRedis({ password: 'right' })
    await using node = new Node(redis.url.replace('right', 'wrong-password'))
    node.push('1')
    const line = await node.log.line(/Redis (is unreachable|refuses)/)
    expect(line).toMatchObject({ code: 'RESOUND_REDIS_UNREACHABLE' })
    expect(line['remedy']).toContain('Correct the user or password')
    expect(JSON.stringify(node.log.lines(/./))).not.toContain('wrong-password')
  })
})

describe('a Redis that refuses', () => {
  it('is told with what to allow, and tried again', async () => {
    await using redis = await startRedis({ users: [['hooks', 'on', '>secret', '~*', '+info']] })
    await using node = new Node(redis.urlFor('hooks:secret'))
    node.push('1', '2')
    expect(await node.log.line(/Redis refuses/)).toMatchObject({
      remedy: expect.stringContaining('docs/redis.md'),
    })
    expect(node.queue.waiting('3')).toBe(2)
    await redis.client.acl('SETUSER', 'hooks', '+@all')
    await node.found()
    await node.queue.stored()
    expect(await node.drain()).toEqual(['1', '2'])
  })
})

describe('in Redis', () => {
  it('an endpoint has so much room, and what is more is dropped and counted', async () => {
    await using redis = await startRedis()
    await using node = new Node(redis.url, 1000)
    const events = Array.from({ length: 10 }, (_, index) => `${index}`.repeat(150))
    node.push(...events)
    await node.queue.stored()
    const dropped = node.dropped.reduce((sum, count) => sum + count, 0)
    expect(dropped).toBeGreaterThan(2)
    expect(node.budget.used).toBe(0)
    const kept = events.slice(0, events.length - dropped)
    expect(await node.receive(kept.length)).toEqual(kept)
  })

  it('nothing is left of an endpoint whose queue is empty', async () => {
    await using redis = await startRedis()
    await using node = new Node(redis.url)
    node.push('1', '2', '3')
    await node.work()
    await node.drain()
    const keys = await redis.client.keys('*')
    expect(keys.filter((key) => !key.includes(':pushed:'))).toEqual([])
    for (const key of keys) expect(await redis.client.pttl(key)).toBeGreaterThan(0)
  })

  it('what is lost with its data holds up nothing', async () => {
    await using redis = await startRedis()
    await using node = new Node(redis.url)
    node.push('1', '2', '3')
    await node.work()
    await node.queue.take(A)
    await redis.client.flushall()
    await node.queue.delivered(A)
    expect(await node.drain()).toEqual([])
    node.push('4')
    expect(await node.receive(1)).toEqual(['4'])
  })

  it('nobody connects without a webhook', async () => {
    await using redis = await startRedis()
    const clock = new ManualClock()
    const queue = new RedisQueue({
      target: { url: redis.url, cluster: [], sentinels: [], tls: {} },
      keyPrefix: `${randomUUID()}:`,
      budget: new Budget(1000),
      clock,
      log: new TestLog().logger,
      news: { work: () => undefined, dropped: () => undefined, forgotten: () => undefined },
      batchEvents: 1,
      batchBytes: 1000,
      keptFailures: 1,
      keptFailureBytes: 1000,
      queuedBytes: 1000,
    })
    queue.configure([])
    clock.advance(60_000)
    expect(String(await redis.client.client('LIST'))).not.toContain('resound-webhooks')
    await queue.stop()
  })
})
