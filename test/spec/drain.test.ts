/** Stopping: everybody is sent back with 4200, at a pace that those who take them can bear. */

import { once } from 'node:events'
import { connect } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { TestClient } from '../support/client.ts'
import { ManualClock } from '../support/clock.ts'
import { eventually } from '../support/eventually.ts'
import { RawHttp, request } from '../support/raw-http.ts'
import { frame, RawSocket } from '../support/raw-socket.ts'
import { startRedis } from '../support/redis.ts'
import { startServer, type TestServer } from '../support/server.ts'

const STEP_MILLISECONDS = 50

const connectAll = (server: TestServer, count: number): Promise<TestClient[]> =>
  Promise.all(Array.from({ length: count }, () => server.connect()))

const left = (server: TestServer): number => [...server.server.hub.connections()].length

/** Lets time pass step by step, and what waits for each step go on. */
async function pass(clock: ManualClock, milliseconds: number): Promise<void> {
  // A drain begins when its listener is closed, some turns of the event loop later.
  for (let turn = 0; turn < 10; turn += 1) await setImmediate()
  for (let passed = 0; passed < milliseconds; passed += STEP_MILLISECONDS) {
    clock.advance(STEP_MILLISECONDS)
    await setImmediate()
  }
}

const RESTART = {
  frame: {
    event: 'pusher:error',
    data: { code: 4200, message: 'The server is restarting.' },
  },
  closed: { code: 4200, reason: 'The server is restarting.' },
}

const upgrade = (key: string): string =>
  request(
    'GET',
    `/app/${key}`,
    '',
    'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
  )

const endOf = async (client: TestClient) => ({
  frame: await client.next(),
  closed: await client.closed,
})

describe('a server that drains', () => {
  it('tells every connection to reconnect: an error and a close with 4200', async () => {
    await using server = await startServer()
    const clients = await connectAll(server, 5)
    await server.server.drain()
    for (const client of clients) expect(await endOf(client)).toEqual(RESTART)
  })

  it('lets connections go at the pace that is configured', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock, drain: { closesPerSecond: 40 } })
    await connectAll(server, 30)
    const drained = server.server.drain()
    await pass(clock, 500)
    expect(left(server)).toBeGreaterThanOrEqual(8)
    expect(left(server)).toBeLessThanOrEqual(10)
    await pass(clock, 500)
    expect(left(server)).toBe(0)
    await drained
  })

  it('lets them go in random order, not in that of their arrival', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock, drain: { closesPerSecond: 20 } })
    await connectAll(server, 40)
    const ids = (): string[] => [...server.server.hub.connections()].map((one) => one.socketId)
    const arrived = ids()
    const drained = server.server.drain()
    await pass(clock, 1000)
    const stayed = ids()
    expect(stayed.length).toBeGreaterThan(10)
    expect(stayed.length).toBeLessThan(30)
    expect(stayed).not.toEqual(arrived.slice(0, stayed.length))
    expect(stayed).not.toEqual(arrived.slice(-stayed.length))
    await pass(clock, 1500)
    await drained
  })

  it('keeps a pace that is slower than its steps', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock, drain: { closesPerSecond: 2 } })
    await connectAll(server, 6)
    const drained = server.server.drain()
    await pass(clock, 1000)
    expect(left(server)).toBe(4)
    await pass(clock, 1000)
    expect(left(server)).toBe(2)
    await pass(clock, 1000 + STEP_MILLISECONDS)
    await drained
  })

  it('is done within the window, however many there are', async () => {
    const clock = new ManualClock()
    await using server = await startServer({
      clock,
      drain: { closesPerSecond: 1, windowSeconds: 1 },
    })
    await connectAll(server, 40)
    const drained = server.server.drain()
    await pass(clock, 500)
    expect(left(server)).toBeGreaterThan(15)
    expect(left(server)).toBeLessThan(25)
    await pass(clock, 500 + STEP_MILLISECONDS)
    expect(left(server)).toBe(0)
    await drained
  })

  it('serves those who are still there', async () => {
    const clock = new ManualClock()
    await using server = await startServer({
      clock,
      app: { clientEvents: true },
      drain: { closesPerSecond: 1 },
    })
    const clients = await connectAll(server, 3)
    for (const client of clients) await client.subscribe('private-a')
    const drained = server.server.drain()
    const [sender, ...listeners] = clients as [TestClient, ...TestClient[]]
    sender.send({ event: 'client-x', channel: 'private-a', data: {} })
    for (const listener of listeners)
      expect(await listener.next()).toMatchObject({ event: 'client-x' })
    await pass(clock, 4000)
    await drained
  })

  it('announces who goes to who is still there', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock, drain: { closesPerSecond: 1 } })
    const clients = await connectAll(server, 2)
    for (const [index, client] of clients.entries()) {
      await client.subscribe('presence-a', { user_id: String(index) })
    }
    await clients[0]?.next()
    const drained = server.server.drain()
    await pass(clock, 1000)
    const first = await Promise.race(
      clients.map(async (client, index) => {
        await client.closed
        return index
      }),
    )
    expect(await clients[1 - first]?.next()).toEqual({
      event: 'pusher_internal:member_removed',
      channel: 'presence-a',
      data: { user_id: String(first) },
    })
    await pass(clock, 1000 + STEP_MILLISECONDS)
    await drained
  })

  it('refuses new connections, and says on those it has that it is not ready', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock, drain: { closesPerSecond: 1 } })
    await server.connect()
    using kept = await RawHttp.connect(server.port)
    await kept.send(request('GET', '/ready'))
    expect(await kept.next()).toMatchObject({
      status: 200,
      body: '{"ready":true,"reason":"serving"}',
    })
    using other = await RawHttp.connect(server.port)
    await other.send(request('GET', '/up'))
    expect(await other.next()).toMatchObject({ status: 200 })

    const drained = server.server.drain()
    await kept.send(request('GET', '/ready'))
    expect(await kept.next()).toMatchObject({
      status: 503,
      body: '{"ready":false,"reason":"draining"}',
    })
    await kept.ended // so that the next request on it goes to another process
    await other.send(request('GET', '/up'))
    expect(await other.next()).toMatchObject({ status: 200 })
    const [refused] = await once(connect({ port: server.port, host: '127.0.0.1' }), 'error')
    expect(refused).toMatchObject({ code: 'ECONNREFUSED' })
    await pass(clock, 1000 + STEP_MILLISECONDS)
    await drained
  })

  it('answers a request that comes on a connection it had accepted', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock })
    using accepted = await RawHttp.connect(server.port)
    await server.connect() // by which that one is accepted
    const drained = server.server.drain()
    await pass(clock, 500)
    expect(left(server)).toBe(0)
    await accepted.send(request('GET', '/up'))
    expect(await accepted.next()).toMatchObject({ status: 200 })
    await accepted.ended
    await pass(clock, STEP_MILLISECONDS)
    await drained
  })

  it('establishes a connection whose upgrade comes then, and lets it go like the others', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock })
    using accepted = await RawHttp.connect(server.port)
    await server.connect()
    const drained = server.server.drain()
    await pass(clock, 500)
    await accepted.send(upgrade(server.app.key))
    expect(await accepted.next()).toMatchObject({ status: 101 })
    await pass(clock, 100)
    await drained
    await accepted.ended
    expect(accepted.rest.indexOf('pusher:connection_established')).toBeGreaterThan(0)
    expect(accepted.rest).toContain('"code":4200')
  })

  it('waits for a connection that asks for nothing, but not for ever', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock })
    using idle = await RawHttp.connect(server.port)
    await server.connect()
    const drained = server.server.drain()
    await pass(clock, 1000 + 2 * STEP_MILLISECONDS)
    await drained
    await idle.ended
  })

  it('ends such a connection before it leaves the other nodes: nothing is published half', async () => {
    await using redis = await startRedis()
    await using server = await startServer({ redis: { url: redis.url } })
    using idle = await RawHttp.connect(server.port)
    await idle.send(request('GET', '/up'))
    await idle.next()
    redis.pause() // so that leaving takes its time
    const drained = server.server.drain()
    let hasLeft = false
    void drained.then(() => {
      hasLeft = true
    })
    await idle.ended
    expect(hasLeft).toBe(false)
    await setImmediate() // what comes right after the end would be too late as well
    expect(hasLeft).toBe(false)
    redis.resume()
    await drained
  })

  it('also lets go who came after it began, on a TCP connection it had', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock, drain: { closesPerSecond: 1 } })
    await server.connect()
    using kept = await RawHttp.connect(server.port)
    await kept.send(request('GET', '/up'))
    await kept.next()
    const drained = server.server.drain()
    await kept.send(upgrade(server.app.key))
    expect(await kept.next()).toMatchObject({ status: 101 })
    await pass(clock, 2000 + STEP_MILLISECONDS)
    await drained
    await kept.ended
    expect(kept.rest).toContain('"code":4200')
  })

  it('ends at once when it is told to stop meanwhile', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock, drain: { closesPerSecond: 1 } })
    const clients = await connectAll(server, 10)
    const drained = server.server.drain()
    await server.server.stop()
    for (const client of clients) expect(await endOf(client)).toEqual(RESTART)
    await drained
  })

  it('closes fewer per second the more private channels each brings to the app', async () => {
    const clock = new ManualClock()
    await using server = await startServer({
      clock,
      drain: { closesPerSecond: 40, authorizationsPerSecond: 40 },
    })
    const clients = await connectAll(server, 20)
    for (const client of clients) {
      for (const channel of [
        'public',
        'private-a',
        'private-b',
        'private-encrypted-c',
        'presence-d',
      ])
        await client.subscribe(
          channel,
          channel.startsWith('presence') ? { user_id: '1' } : undefined,
        )
    }
    const drained = server.server.drain()
    await pass(clock, 1000)
    expect(left(server)).toBeGreaterThanOrEqual(9)
    expect(left(server)).toBeLessThanOrEqual(11)
    await pass(clock, 1500)
    await drained
  })

  it('lets fewer go while those who take them are late', async () => {
    const clock = new ManualClock()
    let late = 0.4
    await using server = await startServer({
      clock,
      drain: { closesPerSecond: 40 },
      pressure: () => late,
    })
    await connectAll(server, 30)
    const drained = server.server.drain()
    await pass(clock, 1000)
    expect(left(server)).toBeGreaterThanOrEqual(19)
    expect(left(server)).toBeLessThanOrEqual(26)
    late = 0
    await pass(clock, 1000)
    await drained
  })

  it('waits for who is still reading, two seconds at most', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock })
    using deaf = await RawSocket.open(server.port, `/app/${server.app.key}`)
    await deaf.next()
    deaf.send(frame('{"event":"pusher:subscribe","data":{"channel":"news"}}'))
    await deaf.next()
    deaf.pause()
    const connection = [...server.server.hub.connections()][0]
    const text = 'x'.repeat(100_000)
    for (let sent = 0; sent < 500 && connection?.bufferedBytes === 0; sent += 1) {
      connection.send(text)
      await setImmediate()
    }
    expect(connection?.bufferedBytes).toBeGreaterThan(0)
    const drained = server.server.drain()
    await pass(clock, 1900)
    expect(left(server)).toBe(1)
    await pass(clock, 200)
    expect(left(server)).toBe(0)
    await drained
  })

  it('closes who reads again as soon as everything is read', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock })
    using slow = await RawSocket.open(server.port, `/app/${server.app.key}`)
    await slow.next()
    slow.pause()
    const connection = [...server.server.hub.connections()][0]
    let sent = 0
    for (; sent < 500 && connection?.bufferedBytes === 0; sent += 1) {
      connection.send('x'.repeat(100_000))
      await setImmediate()
    }
    const drained = server.server.drain()
    await pass(clock, 500)
    expect(left(server)).toBe(1)
    slow.resume()
    for (let got = 0; got < sent; got += 1) await slow.nextText()
    await eventually(() => expect(connection?.bufferedBytes).toBe(0))
    await pass(clock, 2 * STEP_MILLISECONDS)
    expect(await slow.nextText()).toContain('"code":4200')
    await drained
  })

  it('stops at the latest when it has to, whatever is left', async () => {
    const clock = new ManualClock()
    await using server = await startServer({
      clock,
      drain: { closesPerSecond: 1, windowSeconds: 3600, stopSeconds: 2 },
    })
    const clients = await connectAll(server, 10)
    const drained = server.server.drain()
    await pass(clock, 2000 + STEP_MILLISECONDS)
    await drained
    for (const client of clients) expect(await endOf(client)).toEqual(RESTART)
  })

  it('answers the requests that it has before it ends', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock })
    using http = await RawHttp.connect(server.port)
    const whole = request('POST', `/apps/${server.app.id}/events`, '{"name":"e"}')
    await http.send(whole.slice(0, -5))
    let isDrained = false
    await eventually(() => expect(server.server.unanswered).toBe(1))
    const drained = server.server.drain().then(() => {
      isDrained = true
    })
    await pass(clock, 1000)
    expect(isDrained).toBe(false)
    await http.send(whole.slice(-5))
    expect(await http.next()).toMatchObject({ status: 401 })
    await pass(clock, 100)
    await drained
  })

  it('waits 15 seconds for a request that does not come to an end, and no longer', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock })
    using http = await RawHttp.connect(server.port)
    const whole = request('POST', `/apps/${server.app.id}/events`, '{"name":"e"}')
    await http.send(whole.slice(0, -5))
    await eventually(() => expect(server.server.unanswered).toBe(1))
    let isDrained = false
    const drained = server.server.drain().then(() => {
      isDrained = true
    })
    await pass(clock, 14_000)
    expect(isDrained).toBe(false)
    await pass(clock, 1000 + STEP_MILLISECONDS)
    await drained
  })

  it('with nobody connected is done at once', async () => {
    await using server = await startServer({ clock: new ManualClock() })
    await server.server.drain()
  })
})

describe('a server that stops', () => {
  it('tells every connection to reconnect, at once', async () => {
    await using server = await startServer({ clock: new ManualClock() })
    const clients = await connectAll(server, 10)
    await server.server.stop()
    for (const client of clients) expect(await endOf(client)).toEqual(RESTART)
  })

  it('does not wait for who does not read', async () => {
    await using server = await startServer()
    using deaf = await RawSocket.open(server.port, `/app/${server.app.key}`)
    deaf.pause()
    deaf.send(frame('{"event":"pusher:subscribe","data":{"channel":"news"}}'))
    await server.server.stop()
    await server.server.stop()
    expect(left(server)).toBe(0)
  })
})
