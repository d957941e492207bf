import { performance } from 'node:perf_hooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scrape } from '../support/metrics.ts'
import { signedPath, startServer, type TestServer } from '../support/server.ts'

const APPS = 1000
const SCRAPES = 15
/** What a scrape may take, the client's part in it, which here is in the same process. */
const MOST_MILLISECONDS = 50

const apps = Array.from({ length: APPS }, (_, index) => ({
  id: `app-${index}`,
  key: `key-${index}`,
  secret: 'secret',
  maxConnections: 10,
}))

let server: TestServer

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN

/** A page of each app that listens, and an event to it. */
async function liveTraffic(app: (typeof apps)[number]): Promise<void> {
  const url = server.wsUrl.replace('key-0', app.key)
  const client = await server.dial(url, {}, app).established()
  await client.subscribe('news')
  await client.subscribe('private-orders')
  await client.subscribe('presence-room', { user_id: '1' })
  const body = JSON.stringify({ name: 'e', channels: ['news', 'nobody'], data: '1' })
  const path = signedPath(app, 'POST', `/apps/${app.id}/events`, body)
  const { status } = await fetch(server.url + path, { method: 'POST', body })
  expect(status).toBe(200)
}

beforeAll(async () => {
  server = await startServer({ apps })
  for (let index = 0; index < APPS; index += 50) {
    await Promise.all(apps.slice(index, index + 50).map(liveTraffic))
  }
})
afterAll(() => server[Symbol.asyncDispose]())

describe(`with ${APPS} apps and traffic in each, a scrape`, () => {
  it('has the metrics of all of them', async () => {
    const samples = await scrape(server)
    for (const { id } of apps) {
      const labels = `app="${id}"`
      expect(samples.get(`resound_connections{${labels}}`)).toBe(1)
      expect(samples.get(`resound_presence_members{${labels}}`)).toBe(1)
      expect(samples.get(`resound_events_delivered_total{${labels}}`)).toBe(1)
    }
    expect(samples.size).toBeGreaterThan(15 * APPS)
  })

  it(`takes less than ${MOST_MILLISECONDS} ms`, async () => {
    const { admin } = server.server
    const taken: number[] = []
    for (let each = 0; each < SCRAPES; each += 1) {
      const begun = performance.now()
      await (await fetch(`http://127.0.0.1:${admin.port}/metrics`)).text()
      taken.push(performance.now() - begun)
    }
    console.info(`median of ${SCRAPES} scrapes: ${median(taken).toFixed(1)} ms`)
    // Of the fastest: other tests keep the machine busy.
    expect(Math.min(...taken)).toBeLessThan(MOST_MILLISECONDS)
  })
})
