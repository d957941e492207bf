import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { WEBHOOK_EVENTS } from '../../src/config/schema/webhook.ts'
import { Config } from '../../src/config/schema.ts'
import type { Occurrence } from '../../src/hub/occurrence.ts'
import { BATCH_BYTES } from '../../src/webhooks/batch.ts'
import { bodyOf, eventText } from '../../src/webhooks/events.ts'
import { resound } from '../support/command.ts'
import { TestEndpoint } from '../support/endpoint.ts'
import { metricOf } from '../support/metrics.ts'
import { Page } from '../support/page.ts'
import { startRedis } from '../support/redis.ts'
import { documentedUser, startServer } from '../support/server.ts'
import { TestLog } from '../support/test-log.ts'

const page = new Page('webhooks.md')

const ROOM = { channel: 'presence-room', userId: '7' }
const OCCURRENCES: readonly Occurrence[] = [
  { name: 'channel_occupied', channel: 'orders' },
  { name: 'channel_vacated', channel: 'orders' },
  { name: 'member_added', ...ROOM },
  { name: 'member_removed', ...ROOM },
  {
    name: 'client_event',
    ...ROOM,
    event: 'client-typing',
    data: '{"on":true}',
    socketId: '123.456',
  },
  { name: 'cache_miss', channel: 'cache-prices' },
  { name: 'subscription_count', channel: 'orders', count: 42 },
]

describe('the page about webhooks', () => {
  it('shows every kind of event as it is sent', () => {
    const shown = page.rows().flatMap(([event = '']) => (event.startsWith('`{') ? [event] : []))
    expect(shown).toEqual(OCCURRENCES.map((occurrence) => `\`${eventText(occurrence)}\``))
    expect(OCCURRENCES.map(({ name }) => name)).toEqual([...WEBHOOK_EVENTS])
  })

  it('shows a request as it is sent', () => {
    const event = eventText({ name: 'channel_occupied', channel: 'my-channel' })
    expect(page.block('http', 'time_ms')).toContain(bodyOf(1327078148132, event))
  })

  it('shows a configuration that is accepted', () => {
    const { apps } = Config.parse(JSON.parse(page.block('json', 'webhooks')))
    expect(apps[0]?.webhooks[0]?.url).toBe('https://my-app.example/api/webhooks')
  })

  it('shows the code of the Laravel app that the tests run', async () => {
    const file = path.join(
      import.meta.dirname,
      '../support/laravel-app/app/Http/Controllers/Webhooks.php',
    )
    const real = (await readFile(file, 'utf8')).replace(/^ {4}/gm, '')
    expect(real).toContain(page.block('php', 'get_events').trim())
  })

  it('shows commands that ask a running server', async () => {
    await using endpoint = await TestEndpoint.start()
    endpoint.answer(() => ({ status: 500 }))
    await using server = await startServer({
      webhooks: { graceSeconds: 0, retrySeconds: 0 },
      app: {
        id: 'my-app-id',
        webhooks: [{ url: endpoint.url, allowPrivateAddress: true, events: ['channel_occupied'] }],
      },
    })
    await (await server.connect()).subscribe('orders')
    await vi.waitFor(async () => {
      const outcome = { outcome: 'failed' }
      expect(await metricOf(server, 'resound_webhooks_total', outcome)).toBe(1)
    })
    const environment = { RESOUND_ADMIN_PORT: String(server.server.admin.port) }
    const [list, replay] = ['webhooks list', 'webhooks replay'].map((start) => page.command(start))
    expect(await resound(list?.args ?? [], { environment })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('"channel":"orders"'),
    })
    expect(await resound(replay?.args ?? [], { environment })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('1 request'),
    })
  })

  it('needs no more of a Redis user than the nodes do', async () => {
    expect(page.text).toContain('(redis.md#users)')
    await using redis = await startRedis({ users: [documentedUser()] })
    await using endpoint = await TestEndpoint.start()
    endpoint.answer(() => ({ status: 500 }))
    const log = new TestLog()
    await using server = await startServer({
      logger: log.logger,
      redis: { url: redis.urlFor('resound:change-me') },
      webhooks: { graceSeconds: 0, retrySeconds: 0 },
      app: { webhooks: [{ url: endpoint.url, allowPrivateAddress: true }] },
    })
    await (await server.connect()).subscribe('orders')
    await endpoint.next()
    const admin = `http://127.0.0.1:${server.server.admin.port}/webhooks/failures`
    await vi.waitFor(async () => {
      expect(await (await fetch(admin)).json()).toMatchObject({ failures: [{ events: 2 }] })
    })
    endpoint.answer(() => ({ status: 200 }))
    const replayed = await fetch(`${admin}/replay`, { method: 'POST' })
    expect(await replayed.json()).toEqual({ replayed: 1 })
    await endpoint.next()
    expect(log.lines(/Redis (?:refuses|is)/)).toEqual([])
  })

  it('names the values that the options have', () => {
    const { webhooks } = Config.parse({})
    expect(webhooks).toEqual({
      graceSeconds: 3,
      batchEvents: 100,
      batchMilliseconds: 50,
      timeoutSeconds: 5,
      retrySeconds: 300,
      queuedBytes: 64 * 1024 * 1024,
      keptFailures: 1000,
    })
    expect(BATCH_BYTES).toBe(512 * 1024)
  })
})
