/** What no endpoint can bring about; the rest is in delivery.test.ts. */
import { describe, expect, it } from 'vitest'
import { App } from '../../src/apps/app.ts'
import { Config } from '../../src/config/schema.ts'
import { Budget } from '../../src/webhooks/budget.ts'
import type { Delivery } from '../../src/webhooks/deliver.ts'
import { Dispatcher } from '../../src/webhooks/dispatcher.ts'
import { Endpoint } from '../../src/webhooks/endpoint.ts'
import { MemoryQueue } from '../../src/webhooks/memory-queue.ts'
import { ManualClock } from '../support/clock.ts'
import { eventually } from '../support/eventually.ts'
import { APP } from '../support/server.ts'
import { TestLog } from '../support/test-log.ts'

describe('a delivery that a bug of ours ends', () => {
  it('is tried again like one that failed, and said to be our fault', async () => {
    const url = 'https://app.example.com/hook'
    const config = Config.parse({ apps: [{ ...APP, webhooks: [{ url }] }] })
    const [settings] = config.apps
    const [webhook] = settings?.webhooks ?? []
    if (settings === undefined || webhook === undefined) throw new Error('no webhook')
    const endpoint = new Endpoint(new App(settings, config.limits), 'a', webhook)
    const clock = new ManualClock()
    const log = new TestLog()
    const queue = new MemoryQueue({
      budget: new Budget(1000),
      news: {
        work: (address) => dispatcher.wake(address),
        dropped: () => expect.unreachable('there is room'),
        forgotten: () => expect.unreachable('it is configured'),
      },
      batchEvents: 1,
      batchBytes: 1000,
      keptFailures: 1,
      keptFailureBytes: 1000,
      clock,
    })
    const deliveries: (() => Delivery)[] = [
      () => {
        throw new TypeError('a bug')
      },
      () => ({ ok: true }),
    ]
    const counted: string[] = []
    const dispatcher = new Dispatcher({
      queue,
      endpointAt: () => endpoint,
      deliver: async () => deliveries.shift()?.() ?? expect.unreachable('delivered twice'),
      counted: (_appId, outcome) => counted.push(outcome),
      retryMilliseconds: 300_000,
      clock,
      log: log.logger,
    })
    queue.push(endpoint, { events: 1, time: 0, queuedAt: clock.now(), text: '{}', bytes: 2 })
    expect(await log.line(/fault of ours/)).toMatchObject({ appId: endpoint.appId })
    await eventually(() => {
      clock.advance(1000)
      expect(counted).toEqual(['retried', 'delivered'])
    })
    await dispatcher.idle()
    expect(queue.waiting(endpoint.appId)).toBe(0)
  })
})
