/** Many at once: all are accepted, and established at a pace; who would wait too long comes back later. */
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { TestClient } from '../support/client.ts'
import { ManualClock } from '../support/clock.ts'
import { eventually } from '../support/eventually.ts'
import { metricOf, sampleOf } from '../support/metrics.ts'
import { startServer, type TestServer } from '../support/server.ts'

const TURN_AWAY = {
  event: 'pusher:error',
  data: { code: 4100, message: 'Too many clients connect at once. Try again.' },
}

/** Dials so many, one after the other, and waits until the server has each. */
async function dialAll(server: TestServer, count: number): Promise<TestClient[]> {
  const clients: TestClient[] = []
  for (let nth = 0; nth < count; nth += 1) {
    const client = server.dial()
    await new Promise((resolve) => client.socket.once('open', resolve))
    clients.push(client)
  }
  return clients
}

const held = (server: TestServer) => sampleOf(server.server, 'resound_connections_held')
const established = (server: TestServer): number => server.server.hub.connectionCount

async function pass(clock: ManualClock, milliseconds: number): Promise<void> {
  clock.advance(milliseconds)
  await setImmediate()
}

describe('clients that connect at once', () => {
  it('are established at once as far as the burst goes, and then one by one in their order', async () => {
    const clock = new ManualClock()
    const welcome = { perSecond: 10, burst: 2, holdSeconds: 9 }
    await using server = await startServer({ clock, welcome })
    const [first, second, third, fourth] = (await dialAll(server, 4)) as [
      TestClient,
      TestClient,
      TestClient,
      TestClient,
    ]
    await first.established()
    await second.established()
    expect(await held(server)).toBe(2)
    expect(established(server)).toBe(2)
    await pass(clock, 100)
    await third.established()
    expect(await held(server)).toBe(1)
    await pass(clock, 100)
    await fourth.established()
    expect(await held(server)).toBe(0)
    await fourth.expectNothing()
  })

  it('find a whole burst again after a rest, and no more than that', async () => {
    const clock = new ManualClock()
    const welcome = { perSecond: 10, burst: 2, holdSeconds: 9 }
    await using server = await startServer({ clock, welcome })
    await dialAll(server, 2)
    clock.advance(10_000)
    await dialAll(server, 3)
    expect(established(server)).toBe(4)
    expect(await held(server)).toBe(1)
    await pass(clock, 100)
  })

  it('are told to come back where their turn is too far off, at different times within the hold', async () => {
    const clock = new ManualClock()
    const welcome = { perSecond: 1, burst: 1, holdSeconds: 4 }
    await using server = await startServer({ clock, welcome })
    const clients = await dialAll(server, 45)
    expect(await held(server)).toBe(44)
    const late = clients.slice(5)
    let gone = 0
    for (const client of late) void client.closed.then(() => (gone += 1))
    await pass(clock, 2000)
    await eventually(() => expect(gone).toBeGreaterThan(5))
    expect(gone).toBeLessThan(35)
    await pass(clock, 2020)
    for (const client of late) {
      expect(await client.next()).toEqual(TURN_AWAY)
      expect(await client.closed).toEqual({ code: 4100, reason: TURN_AWAY.data.message })
    }
    for (const client of clients.slice(0, 5)) await client.established()
    const series = 'resound_connections_refused_total{code="4100"}'
    expect(await sampleOf(server.server, series)).toBe(40)
  })

  it('are not waited for when the clock is set back', async () => {
    const clock = new ManualClock()
    const welcome = { perSecond: 10, burst: 1, holdSeconds: 9 }
    await using server = await startServer({ clock, welcome })
    await dialAll(server, 1)
    const now = clock.now()
    clock.now = () => now - 3_600_000
    const [late] = (await dialAll(server, 1)) as [TestClient]
    expect(await held(server)).toBe(1)
    clock.now = () => now - 3_600_000 + 100
    await pass(clock, 20)
    await late.established()
  })
})

describe('a client that is not established yet', () => {
  const welcome = { perSecond: 1, burst: 1, holdSeconds: 9 }

  it('is not heard: it subscribes to nothing', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock, welcome })
    const [, early] = (await dialAll(server, 2)) as [TestClient, TestClient]
    early.send({ event: 'pusher:subscribe', data: { channel: 'news' } })
    early.socket.ping()
    await new Promise((resolve) => early.socket.once('pong', resolve))
    await pass(clock, 1000)
    await early.established()
    await early.expectNothing()
    for (const { channels } of server.server.hub.lives()) expect(channels.size).toBe(0)
  })

  it('that goes away gives its turn to the next', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock, welcome })
    const [, second, third] = (await dialAll(server, 3)) as [TestClient, TestClient, TestClient]
    await second.close()
    await eventually(async () => expect(await held(server)).toBe(1))
    await pass(clock, 1000)
    await third.established()
    expect(await metricOf(server, 'resound_connections_opened_total')).toBe(2)
    expect(await metricOf(server, 'resound_connections_closed_total', { code: '1005' })).toBe(0)
  })

  it('does not take more than its app may have', async () => {
    const clock = new ManualClock()
    const pace = { perSecond: 1, burst: 2, holdSeconds: 9 }
    await using server = await startServer({ clock, welcome: pace, app: { maxConnections: 3 } })
    const clients = await dialAll(server, 5)
    await pass(clock, 3000)
    await clients[2]?.established()
    for (const client of clients.slice(3)) expect(await client.closed).toMatchObject({ code: 4004 })
  })

  it('is told that its app was removed', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock, welcome })
    const [, late] = (await dialAll(server, 2)) as [TestClient, TestClient]
    server.server.reload({ ...server.config, apps: [] })
    await pass(clock, 1000)
    expect(await late.closed).toMatchObject({ code: 4001 })
  })

  it('never hears 4200: a server that stops sends it back with 4100', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock, welcome: { ...welcome, holdSeconds: 1 } })
    const [first, waiting, leaving] = (await dialAll(server, 3)) as [
      TestClient,
      TestClient,
      TestClient,
    ]
    await first.established()
    await server.server.stop()
    expect(await first.closed).toMatchObject({ code: 4200 })
    for (const client of [waiting, leaving]) {
      expect(await client.next()).toEqual(TURN_AWAY)
      expect(await client.closed).toMatchObject({ code: 4100 })
    }
  })

  it('is established by a server that drains, and only then told to reconnect', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock, welcome })
    const [, late] = (await dialAll(server, 2)) as [TestClient, TestClient]
    const drained = server.server.drain()
    for (let step = 0; step < 60; step += 1) await pass(clock, 50)
    await late.established()
    expect(await late.closed).toMatchObject({ code: 4200 })
    await drained
  })
})
