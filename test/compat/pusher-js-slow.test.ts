import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { metricOf, sampleOf } from '../support/metrics.ts'
import { Application, BUILDS, hear, stubWorkerGlobals, subscribe } from '../support/pusher.ts'
import { startServer } from '../support/server.ts'
import { StallingLink } from '../support/stalling-link.ts'

describe.each(BUILDS)("pusher-js' build for %s", (_, Build) => {
  beforeAll(stubWorkerGlobals)
  afterAll(() => vi.unstubAllGlobals())

  it('that was closed for reading too slowly sees a lost connection, and is back a second later', async () => {
    await using server = await startServer({ limits: { backpressureBytes: 64 * 1024 } })
    using link = await StallingLink.to(server.port)
    using page = await new Application(server).open(Build, undefined, { wsPort: link.port })
    const channel = await subscribe(page, 'news')
    link.stall()
    const data = 'x'.repeat(100_000)
    for (let sent = 0; sent < 500; sent += 1) {
      if ((await metricOf(server, 'resound_slow_consumers_closed_total')) > 0) break
      await server.trigger('news', 'e', data)
    }
    expect(await metricOf(server, 'resound_slow_consumers_closed_total')).toBe(1)
    const closed = 'resound_connections_closed_total{app="3",code="1006"}'
    await expect.poll(() => sampleOf(server.server, closed)).toBe(1)

    const states = hear(page.pusher.connection, 'state_change')
    const again = hear(channel, 'pusher:subscription_succeeded')
    const readAt = performance.now()
    link.resume()
    expect(await states.next()).toEqual({ previous: 'connected', current: 'connecting' })
    const seconds = (performance.now() - readAt) / 1000
    expect(seconds).toBeGreaterThan(0.9)
    expect(seconds).toBeLessThan(5)
    expect(await states.next()).toEqual({ previous: 'connecting', current: 'connected' })
    await again.next()
    const events = hear(channel, 'e')
    await server.trigger('news', 'e', 'news again')
    expect(await events.next()).toBe('news again')
  })

  it('is told 4100 when too many connect at once, and comes back by itself', async () => {
    const welcome = { perSecond: 20, burst: 1, holdSeconds: 0 }
    await using server = await startServer({ welcome })
    const app = new Application(server)
    await server.connect()
    using page = await app.open(Build)
    expect(page.pusher.connection.state).toBe('connected')
    const refused = 'resound_connections_refused_total{code="4100"}'
    expect(await sampleOf(server.server, refused)).toBe(1)
  })
})
