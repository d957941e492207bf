/** A client that does not read may not cost more than its buffer, nor hold up anybody. */
import { describe, expect, it } from 'vitest'
import { metricOf } from '../support/metrics.ts'
import { frame, RawSocket } from '../support/raw-socket.ts'
import { startServer, type TestServer } from '../support/server.ts'

const BACKPRESSURE_BYTES = 64 * 1024
/** More than the system's own buffers on both sides take. */
const MOST_ROUNDS = 200

/** A subscriber of `news` that stops reading. */
async function deafSubscriber(server: TestServer): Promise<RawSocket> {
  const deaf = await RawSocket.open(server.port, `/app/${server.app.key}`)
  await deaf.next()
  deaf.send(frame('{"event":"pusher:subscribe","data":{"channel":"news"}}'))
  await deaf.next()
  deaf.pause()
  return deaf
}

const closedSlow = (server: TestServer) => metricOf(server, 'resound_slow_consumers_closed_total')

describe('a subscriber that does not read', () => {
  it('is closed beyond backpressureBytes and counted once, and the others get everything', async () => {
    await using server = await startServer({ limits: { backpressureBytes: BACKPRESSURE_BYTES } })
    const listener = await server.connect()
    await listener.subscribe('news')
    using deaf = await deafSubscriber(server)

    const data = 'x'.repeat(100_000)
    const batch = Array.from({ length: 5 }, () => ({ name: 'e', channel: 'news', data }))
    let rounds = 0
    while (rounds < MOST_ROUNDS && (await closedSlow(server)) === 0) {
      rounds += 1
      await server.request('POST', '/batch_events', { body: { batch } })
      for (const event of batch) expect(await listener.next()).toMatchObject({ data: event.data })
    }
    expect(rounds).toBeLessThan(MOST_ROUNDS)
    deaf.resume()
    await deaf.ended
    expect(await closedSlow(server)).toBe(1)
    expect(await metricOf(server, 'resound_connections')).toBe(1)
    await listener.expectNothing()
  })

  it('of presence leaves its channel when it is closed', async () => {
    await using server = await startServer({
      app: { clientEvents: true },
      limits: { backpressureBytes: BACKPRESSURE_BYTES, clientEventsPerSecond: 0 },
    })
    const sender = await server.connect()
    await sender.subscribe('presence-a', { user_id: 'ann' })
    const deaf = await server.connect()
    await deaf.subscribe('presence-a', { user_id: 'bob' })
    await sender.next()
    deaf.socket.pause()
    const data = 'x'.repeat(10_000)
    const removed = sender.next()
    let isRemoved = false
    void removed.then(() => {
      isRemoved = true
    })
    for (let sent = 0; sent < 2000 && !isRemoved; sent += 1) {
      sender.send({ event: 'client-x', channel: 'presence-a', data })
      sender.socket.ping()
      await new Promise((resolve) => sender.socket.once('pong', resolve))
    }
    expect(await removed).toEqual({
      event: 'pusher_internal:member_removed',
      channel: 'presence-a',
      data: { user_id: 'bob' },
    })
  })
})

it('a client that asks and never reads the answers is closed', async () => {
  await using server = await startServer({ limits: { backpressureBytes: BACKPRESSURE_BYTES } })
  using deaf = await RawSocket.open(server.port, `/app/${server.app.key}`)
  deaf.pause()
  const question = frame(`{"event":"pusher:subscribe","data":{"channel":"${' '.repeat(1000)}"}}`)
  deaf.send(Buffer.concat(Array.from({ length: 20_000 }, () => question)))
  await server.expectEmpty()
  expect(await closedSlow(server)).toBe(1)
})
