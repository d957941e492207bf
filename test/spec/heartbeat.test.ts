/** Who is silent is pinged, and then closed; each test turns the clock. */
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { Config } from '../../src/config/schema.ts'
import type { TestClient } from '../support/client.ts'
import { ManualClock } from '../support/clock.ts'
import { APP, startServer, type TestServerOptions } from '../support/server.ts'

const SWEEP_SECONDS = 5

/** A server at 120 s and 30 s, the defaults, and its clock. */
async function serve(options: TestServerOptions = {}) {
  const clock = new ManualClock()
  const server = await startServer({ ...options, clock })
  return { server, advance: (seconds: number) => clock.advance(seconds * 1000) }
}

/** Control pings that the client has received, counted from now. */
function countPings(client: TestClient): { count: number } {
  const pings = { count: 0 }
  client.socket.on('ping', () => {
    pings.count += 1
  })
  return pings
}

const TIMED_OUT = {
  frame: {
    event: 'pusher:error',
    data: { code: 4201, message: 'No answer to a ping in time.' },
  },
  closed: { code: 4201, reason: 'No answer to a ping in time.' },
}

async function endOf(client: TestClient) {
  return { frame: await client.next(), closed: await client.closed }
}

describe('a silent connection', () => {
  it('gets a control ping at the activity timeout, and no pusher:ping', async () => {
    const { server, advance } = await serve()
    await using _ = server
    const client = await server.connect()
    const pings = countPings(client)
    advance(120)
    await client.expectNothing()
    expect(pings.count).toBe(0)

    const pinged = once(client.socket, 'ping')
    advance(120 + SWEEP_SECONDS)
    await pinged
    await client.expectNothing()
    expect(pings.count).toBe(1)
  })

  it('stays while it answers, however long it says nothing else', async () => {
    const { server, advance } = await serve()
    await using _ = server
    const client = await server.connect()
    for (let round = 0; round < 5; round += 1) {
      const pinged = once(client.socket, 'ping')
      advance(120 + SWEEP_SECONDS)
      await pinged
      client.socket.ping() // overtakes no pong of the client's: once this is answered, that has arrived
      await once(client.socket, 'pong')
    }
    await client.expectNothing()
  })

  it('is closed with 4201 when it does not answer', async () => {
    const { server, advance } = await serve()
    await using _ = server
    const client = await server.connect({ autoPong: false })
    const pinged = once(client.socket, 'ping')
    advance(120 + SWEEP_SECONDS)
    await pinged
    advance(29)
    expect(client.socket.readyState).toBe(client.socket.OPEN)
    advance(1)
    expect(await endOf(client)).toEqual(TIMED_OUT)
  })

  it('is closed though it never subscribed to anything, among others that speak', async () => {
    const { server, advance } = await serve()
    await using _ = server
    const silent = await server.connect({ autoPong: false })
    const speaking = await server.connect({ autoPong: false })
    for (let passed = 0; passed < 155; passed += SWEEP_SECONDS) {
      await speaking.expectNothing()
      advance(SWEEP_SECONDS)
    }
    expect(await endOf(silent)).toEqual(TIMED_OUT)
    await speaking.expectNothing()
  })

  it('is closed though events are sent to it all the time', async () => {
    const { server, advance } = await serve({ app: { clientEvents: true } })
    await using _ = server
    const listening = await server.connect({ autoPong: false })
    await listening.subscribe('private-a')
    const speaking = await server.connect()
    await speaking.subscribe('private-a')
    for (let passed = 0; passed < 155; passed += SWEEP_SECONDS) {
      speaking.send({ event: 'client-x', channel: 'private-a', data: {} })
      expect(await listening.next()).toMatchObject({ event: 'client-x' })
      advance(SWEEP_SECONDS)
    }
    expect(await endOf(listening)).toEqual(TIMED_OUT)
  })

  it('leaves the presence channels it was in', async () => {
    const { server, advance } = await serve()
    await using _ = server
    const watcher = await server.connect()
    await watcher.subscribe('presence-a', { user_id: 'ann' })
    const client = await server.connect({ autoPong: false })
    await client.subscribe('presence-a', { user_id: 'bob' })
    await watcher.next()
    advance(120)
    await watcher.expectNothing()
    advance(35)
    expect(await watcher.next()).toEqual({
      event: 'pusher_internal:member_removed',
      channel: 'presence-a',
      data: { user_id: 'bob' },
    })
  })

  it('is found within the timeouts that are configured', async () => {
    const { server, advance } = await serve({ activityTimeoutSeconds: 4, pongTimeoutSeconds: 2 })
    await using _ = server
    const client = await server.connect({ autoPong: false })
    advance(6)
    await client.expectNothing()
    advance(7)
    expect(await endOf(client)).toEqual(TIMED_OUT)
  })
})

describe('any sign of life counts', () => {
  const text = (message: unknown) => (client: TestClient) => client.send(message)
  it.each<[string, (client: TestClient) => void]>([
    ['a ping', text({ event: 'pusher:ping', data: {} })],
    ['a pong', text({ event: 'pusher:pong', data: {} })],
    ['a subscription that is refused', text({ event: 'pusher:subscribe', data: {} })],
    ['an event that means nothing', text({ event: 'x' })],
    ['text that is not JSON', (client) => client.sendText('hello')],
    ['binary', (client) => client.socket.send(Buffer.from([0, 1]))],
    ['a control ping', (client) => client.socket.ping()],
    ['a control pong that nobody asked for', (client) => client.socket.pong()],
  ])('%s', async (_what, live) => {
    const { server, advance } = await serve()
    await using _ = server
    const client = await server.connect({ autoPong: false })
    const pings = countPings(client)
    for (let round = 0; round < 3; round += 1) {
      advance(115)
      live(client)
      client.socket.ping() // answered only after what was sent before it has been read
      await once(client.socket, 'pong')
    }
    expect(pings.count).toBe(0)
    expect(client.socket.readyState).toBe(client.socket.OPEN)
  })
})

describe('where an app wants its users authenticated', () => {
  const app = { userAuthentication: true }
  const UNAUTHENTICATED = {
    frame: {
      event: 'pusher:error',
      data: { code: 4009, message: 'The connection was not authenticated in time.' },
    },
    closed: { code: 4009, reason: 'The connection was not authenticated in time.' },
  }

  it('a connection that does nothing in 30 s is closed with 4009', async () => {
    const { server, advance } = await serve({ app })
    await using _ = server
    const client = await server.connect()
    advance(29)
    await client.expectNothing()
    advance(6)
    expect(await endOf(client)).toEqual(UNAUTHENTICATED)
  })

  it('public channels, refusals and pings do not authenticate', async () => {
    const { server, advance } = await serve({ app })
    await using _ = server
    const client = await server.connect()
    await client.subscribe('news')
    client.send({ event: 'pusher:subscribe', data: { channel: 'private-a', auth: 'wrong' } })
    await client.next()
    client.send({ event: 'pusher:signin', data: { auth: 'wrong', user_data: '{"id":"7"}' } })
    await client.next()
    await client.expectNothing()
    advance(35)
    expect(await endOf(client)).toEqual(UNAUTHENTICATED)
  })

  it.each<[string, (client: TestClient) => Promise<unknown>]>([
    ['signed in', (client) => client.signIn({ id: '7' })],
    ['joined a private channel', (client) => client.subscribe('private-a')],
    ['joined an encrypted channel', (client) => client.subscribe('private-encrypted-a')],
    ['joined a presence channel', (client) => client.subscribe('presence-a', { user_id: '7' })],
  ])('one that has %s stays', async (_what, authenticate) => {
    const { server, advance } = await serve({ app })
    await using _ = server
    const client = await server.connect()
    await authenticate(client)
    advance(100)
    await client.expectNothing()
  })

  it('others stay: it is the setting of one app', async () => {
    const { server, advance } = await serve()
    await using _ = server
    const client = await server.connect()
    advance(100)
    await client.expectNothing()
  })

  it('those who came before it was turned off stay', async () => {
    const { server, advance } = await serve({ app })
    await using _ = server
    const client = await server.connect()
    server.server.reload(Config.parse({ ...server.config, apps: [APP] }))
    advance(100)
    await client.expectNothing()
  })
})
