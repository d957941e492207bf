import { describe, expect, it, vi } from 'vitest'
import { ask, startBridged } from '../support/bridge.ts'
import { createCertificate } from '../support/certificate.ts'
import { Directory } from '../support/directory.ts'
import { scrape } from '../support/metrics.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { Upstream } from '../support/upstream.ts'

interface Histogram {
  readonly sum: number
  readonly count: number
  /** How many values there are up to a bound. */
  readonly upTo: (bound: number | '+Inf') => number
}

/** @param label as it is written, where the histogram has one */
async function histogramOf(server: TestServer, name: string, label = ''): Promise<Histogram> {
  const samples = await scrape(server)
  const read = (series: string): number => {
    const value = samples.get(`resound_${name}_${series}`)
    if (value === undefined) throw new Error(`there is no ${name}_${series}`)
    return value
  }
  const own = label === '' ? '' : `{${label}}`
  return {
    sum: read(`sum${own}`),
    count: read(`count${own}`),
    upTo: (bound) => read(`bucket{${label === '' ? '' : `${label},`}le="${bound}"}`),
  }
}

describe('the histograms', () => {
  it('tell how large events are', async () => {
    await using server = await startServer({ app: { clientEvents: true } })
    const client = await server.connect()
    await client.subscribe('private-a')
    const datas = ['é'.repeat(32), 'x'.repeat(65), 'x'.repeat(1025)]
    for (const data of datas) {
      const body = { name: 'e', channels: ['private-a', 'nobody'], data }
      await server.request('POST', '/events', { body })
    }
    client.send({ event: 'client-e', channel: 'private-a', data: '1' })
    for (const _ of datas) await client.next()
    await client.expectNothing()
    const { sum, count, upTo } = await histogramOf(server, 'event_bytes')
    expect([upTo(64), upTo(256), upTo(1024), upTo(4096), upTo('+Inf')]).toEqual([2, 3, 3, 4, 4])
    expect({ sum, count }).toEqual({ sum: 64 + 65 + 1025 + 1, count: 4 })
  })

  it('tell how long events take to be written: all over HTTP, and of clients one in 16', async () => {
    await using server = await startServer({
      app: { clientEvents: true, limits: { clientEventsPerSecond: 0 } },
    })
    const client = await server.connect()
    await client.subscribe('private-a')
    const begun = performance.now()
    for (let events = 0; events < 5; events += 1) await server.trigger('private-a', 'e', 1)
    const elapsed = (performance.now() - begun) / 1000
    const overHttp = await histogramOf(server, 'delivery_seconds')
    expect(overHttp.count).toBe(5)
    expect(overHttp.sum).toBeGreaterThan(0)
    expect(overHttp.sum).toBeLessThan(elapsed)
    const batch = Array(3).fill({ channel: 'private-a', name: 'e', data: '1' })
    expect((await server.request('POST', '/batch_events', { body: { batch } })).status).toBe(200)
    expect((await histogramOf(server, 'delivery_seconds')).count).toBe(5 + 3)

    for (let events = 0; events < 32; events += 1) {
      client.send({ event: 'client-e', channel: 'private-a', data: '1' })
    }
    for (let events = 0; events < 5 + 3; events += 1) await client.next()
    await client.expectNothing()
    expect((await histogramOf(server, 'delivery_seconds')).count).toBe(5 + 3 + 32)
  })

  it('tell how long requests take, by route', async () => {
    const laravelSeconds = 0.15
    await using laravel = await Upstream.start((response) => {
      setTimeout(() => response.end('true'), laravelSeconds * 1000)
    })
    await using server = await startBridged(laravel.url)
    const { socketId } = await server.connect()
    await server.trigger('a', 'e', 1)
    await server.trigger('a/b', 'e', 1) // refused
    const begun = performance.now()
    expect((await ask({ server, socketId })).status).toBe(200)
    const elapsed = (performance.now() - begun) / 1000

    expect((await histogramOf(server, 'http_request_seconds', 'route="events"')).count).toBe(2)
    const auth = await histogramOf(server, 'http_request_seconds', 'route="auth"')
    expect(auth.count).toBe(1)
    expect(auth.upTo(0.1)).toBe(0)
    // A timer may fire up to a millisecond before its time.
    expect(auth.sum).toBeGreaterThan(laravelSeconds - 0.002)
    expect(auth.sum).toBeLessThan(elapsed)
  })

  it('tell how late the event loop is', async () => {
    await using server = await startServer()
    const blockedUntil = performance.now() + 400
    while (performance.now() < blockedUntil);
    await vi.waitFor(async () => {
      const { count, upTo } = await histogramOf(server, 'event_loop_delay_seconds')
      expect(count - upTo(0.25)).toBeGreaterThan(0)
    })
  })
})

describe('the gauges of the process', () => {
  it('tell how many files are open, of how many', async () => {
    await using server = await startServer()
    const openFiles = async () => (await scrape(server)).get('resound_open_files') ?? 0
    const before = await openFiles()
    for (let connections = 0; connections < 20; connections += 1) await server.connect()
    const opened = (await openFiles()) - before
    expect(opened).toBeGreaterThanOrEqual(40) // both ends are in this process
    expect(opened).toBeLessThan(50)

    const { userLimits } = process.report.getReport() as {
      userLimits: { open_files: { soft: number } }
    }
    const limit = (await scrape(server)).get('resound_open_files_limit')
    expect(limit).toBe(Number(userLimits.open_files.soft))
  })

  it('tell when the TLS certificate ends, where there is one', async () => {
    using directory = new Directory()
    await using server = await startServer({ tls: createCertificate(directory) }) // for a day
    await using without = await startServer()
    const name = 'resound_tls_certificate_expiry_seconds'
    const seconds = (await scrape(server)).get(name)
    expect(seconds).toBeLessThanOrEqual(86_400)
    expect(seconds).toBeGreaterThan(86_300)
    expect((await scrape(without)).has(name)).toBe(false)
  })
})
