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

const ROUNDS = 7
const EVENTS = 150
const PER_SECOND = 300

/** The one that so large a share is not above. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN
}

it('others do not wait for who does not read: 300 events per second, with it and without it by turns', async () => {
  await using server = await startServer({
    app: { clientEvents: true },
    limits: { backpressureBytes: BACKPRESSURE_BYTES, clientEventsPerSecond: 0 },
  })
  const [sender, listener] = [await server.connect(), await server.connect()]
  await sender.subscribe('private-a')
  await listener.subscribe('private-a')
  const text = 'x'.repeat(9000)
  let arrived: number[] = []
  listener.socket.on('message', () => arrived.push(performance.now()))

  /** Publishes for half a second. @returns the 99th percentile of how long events took, in milliseconds */
  const publish = async (): Promise<number> => {
    arrived = []
    const sent: number[] = []
    const begun = performance.now()
    for (let nth = 0; nth < EVENTS; nth += 1) {
      const due = begun + (nth * 1000) / PER_SECOND - performance.now()
      if (due > 0) await new Promise((resolve) => setTimeout(resolve, due))
      sent.push(performance.now())
      sender.send({ event: 'client-x', channel: 'private-a', data: { nth, text } })
    }
    const latencies: number[] = []
    for (let nth = 0; nth < EVENTS; nth += 1) {
      expect((await listener.next()).data).toEqual({ nth, text })
      latencies.push((arrived[nth] ?? Number.NaN) - (sent[nth] ?? Number.NaN))
    }
    return quantile(latencies, 0.99)
  }

  await publish() // code is compiled
  const alone: number[] = []
  const beside: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    alone.push(await publish())
    const deaf = await server.connect()
    await deaf.subscribe('private-a')
    deaf.socket.pause()
    beside.push(await publish())
    deaf.terminate()
    await expect.poll(() => server.server.hub.connectionCount).toBe(2)
  }
  // Of each the median round: another process may take the machine for a while.
  const [median, medianBeside] = [quantile(alone, 0.5), quantile(beside, 0.5)]
  const measured = `p99 alone ${median.toFixed(1)} ms, beside a stalled reader ${medianBeside.toFixed(1)} ms`
  console.info(measured)
  expect(medianBeside, measured).toBeLessThan(3 * median + 20)
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
