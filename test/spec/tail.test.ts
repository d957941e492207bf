/** What an operator sees of what happens, and what it costs when nobody looks. */
import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { frame, RawSocket } from '../support/raw-socket.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { Viewer } from '../support/viewer.ts'

const TOKEN = 'a-token-of-sixteen'
const AUTHORIZED = { Authorization: `Bearer ${TOKEN}` }

const adminOf = ({ server }: TestServer): string => `http://127.0.0.1:${server.admin.port}`

/** Looks at one server without Redis, whose order is known. */
const look = (server: TestServer, query = '', headers = {}): Promise<Viewer> =>
  Viewer.open(`${adminOf(server)}/tail${query}`, headers)

const isWatched = ({ server }: TestServer): boolean => server.hub.observers.isWatched

describe('a viewer', () => {
  it('sees a connection, its subscription, an event and its end, in order', async () => {
    await using server = await startServer({ nodes: 1 })
    using viewer = await look(server)
    const client = await server.connect()
    const { socketId } = client
    await client.subscribe('presence-room', { user_id: 'ann' })
    await server.trigger('presence-room', 'said', { text: 'hello' })
    await client.close(1000)
    const app = server.app.id
    const channel = 'presence-room'
    expect(await viewer.next()).toEqual({ kind: 'connected', app, socketId })
    const subscription = { app, channel, socketId, userId: 'ann' }
    expect(await viewer.next()).toEqual({ kind: 'subscribed', ...subscription })
    expect(await viewer.next()).toEqual({
      ...{ kind: 'event', app, channel, event: 'said', source: 'http' },
      ...{ delivered: 1, bytes: 16, relayed: false },
    })
    expect(await viewer.next()).toEqual({ kind: 'disconnected', app, socketId, code: 1000 })
    expect(await viewer.next()).toEqual({ kind: 'unsubscribed', ...subscription })
  })

  it('sees an event that nobody hears, and one that its sender is left out of', async () => {
    await using server = await startServer({ nodes: 1 })
    const client = await server.connect()
    await client.subscribe('news')
    using viewer = await look(server, '?kinds=event')
    await server.trigger('empty', 'said', 1)
    await server.trigger('news', 'said', 2, { socket_id: client.socketId })
    expect(await viewer.next()).toMatchObject({ channel: 'empty', delivered: 0 })
    const exceptSocketId = client.socketId
    expect(await viewer.next()).toMatchObject({ channel: 'news', delivered: 0, exceptSocketId })
  })

  it('sees what a user signs in as', async () => {
    await using server = await startServer({ nodes: 1 })
    using viewer = await look(server, '?kinds=signed-in')
    const client = await server.connect()
    await client.signIn({ id: 'ann' })
    const { socketId } = client
    expect(await viewer.next()).toEqual({
      ...{ kind: 'signed-in', app: server.app.id, socketId, userId: 'ann' },
    })
  })

  it('sees what is refused, and why, as it was told', async () => {
    await using server = await startServer({ nodes: 1, app: { clientEvents: false } })
    using viewer = await look(server, '?kinds=refused')
    const app = server.app.id
    const client = await server.connect()
    const { socketId } = client
    client.send({ event: 'pusher:subscribe', data: { channel: 'private-a', auth: 'k:0' } })
    const { data } = await client.next()
    const { error } = Object(data)
    expect(await viewer.next()).toEqual({
      ...{ kind: 'refused', what: 'subscription', app, channel: 'private-a', socketId },
      ...{ reason: error, code: Object(data).status },
    })
    client.send({ event: 'client-x', channel: 'private-a', data: {} })
    expect(await viewer.next()).toMatchObject({ what: 'client-event', code: 4301, socketId })
    client.sendText('{')
    expect(await viewer.next()).toMatchObject({ what: 'message', socketId })
    client.send({ event: 'pusher:signin', data: { auth: 'k:0', user_data: '{}' } })
    expect(await viewer.next()).toMatchObject({ what: 'sign-in', code: 4009, socketId })
    server.dial(`ws://127.0.0.1:${server.port}/app/nobodys?protocol=7`)
    expect(await viewer.next()).toEqual({
      ...{ kind: 'refused', what: 'connection', code: 4001 },
      reason: 'Application does not exist: no app has this key.',
    })
    await server.request('POST', '/events', { body: { name: 'e', channel: 'a b', data: '{}' } })
    expect(await viewer.next()).toMatchObject({ what: 'request', code: 400, app })
    await fetch(`${server.url}/apps/${app}/events`, { method: 'POST', body: '{}' })
    expect(await viewer.next()).toMatchObject({ what: 'request', code: 401, app })
  })

  it('sees who reads too slowly', async () => {
    await using server = await startServer({ nodes: 1, limits: { backpressureBytes: 65_536 } })
    using viewer = await look(server, '?kinds=dropped')
    const deaf = await RawSocket.open(server.port, `/app/${server.app.key}`)
    await deaf.next()
    deaf.send(frame('{"event":"pusher:subscribe","data":{"channel":"news"}}'))
    await deaf.next()
    deaf.pause()
    let hasSeen = false
    const seen = viewer.next().finally(() => {
      hasSeen = true
    })
    for (let i = 0; i < 2000 && !hasSeen; i += 1) {
      await server.trigger('news', 'much', 'x'.repeat(90_000))
    }
    const { kind, app, bytes } = await seen
    expect({ kind, app }).toEqual({ kind: 'dropped', app: server.app.id })
    expect(bytes).toBeGreaterThan(0)
    deaf.resume()
    await deaf.ended
  })

  it.each([
    ['a pattern', '?channel=*-orders.*', ['private-orders.1', 'presence-orders.2']],
    ['a whole name', '?channel=private-orders.1', ['private-orders.1']],
    ['its app', '?app=1', ['orders', 'private-orders.1', 'presence-orders.2']],
  ])('sees only what matches %s', async (_what, query, names) => {
    await using server = await startServer({ nodes: 1, app: { id: '1' } })
    using viewer = await look(server, `${query}&kinds=event`)
    const all = ['orders', 'private-orders.1', 'presence-orders.2']
    for (const name of [...all, ...names]) await server.trigger(name, 'e', 1)
    for (const name of [...names, ...names]) expect((await viewer.next())['channel']).toBe(name)
  })

  it('sees what events carry only as an operator, and not what its names say is a secret', async () => {
    await using server = await startServer({ nodes: 1, admin: { token: TOKEN } })
    using viewer = await look(server, '?payloads=1', AUTHORIZED)
    await server.trigger('a', 'e', { name: 'ann', user: { api_token: 'hidden', Password: 'too' } })
    expect((await viewer.next())['data']).toBe(
      '{"name":"ann","user":{"api_token":"[redacted]","Password":"[redacted]"}}',
    )
    await server.trigger('private-encrypted-a', 'e', { ciphertext: 'c', nonce: 'n' })
    expect((await viewer.next())['data']).toBe('[encrypted]')
    using other = await look(server, '', AUTHORIZED)
    await server.trigger('a', 'e', { name: 'ann' })
    expect(await other.next()).not.toHaveProperty('data')
  })

  it.each([
    [
      'what events carry, without a token',
      '?payloads=1',
      403,
      'What events carry is for operators',
    ],
    ['an unknown kind', '?kinds=event,gossip', 400, 'There is no such kind.'],
    ['a pattern of any length', `?channel=${'*'.repeat(301)}`, 400, 'at most 300 characters'],
  ])('is refused %s', async (_what, query, status, text) => {
    await using server = await startServer({ nodes: 1 })
    const answer = await fetch(`${adminOf(server)}/tail${query}`)
    expect(answer.status).toBe(status)
    expect(await answer.text()).toContain(text)
    expect(isWatched(server)).toBe(false)
  })

  it('of another site is refused', async () => {
    await using server = await startServer({ nodes: 1 })
    const headers = { Origin: 'https://elsewhere.example' }
    expect((await fetch(`${adminOf(server)}/tail`, { headers })).status).toBe(403)
  })

  it('is one of at most 20, and nothing is looked at when all have left', async () => {
    await using server = await startServer({ nodes: 1 })
    const viewers = await Promise.all(Array.from({ length: 20 }, () => look(server)))
    await expect(look(server)).rejects.toThrow('503: {"error":"20 viewers are here already."')
    expect(isWatched(server)).toBe(true)
    for (const viewer of viewers) viewer.leave()
    await eventually(() => expect(isWatched(server)).toBe(false))
    using next = await look(server)
    expect(next).toBeDefined()
  })

  it('is told how many it missed, where too much happens', async () => {
    await using server = await startServer({ nodes: 1 })
    using viewer = await look(server, '?kinds=event')
    await server.trigger('a', 'first', 1)
    expect(await viewer.next()).toMatchObject({ event: 'first' })
    const [{ app } = {}] = server.server.hub.lives()
    if (app === undefined) throw new Error('there is an app')
    const more = { channels: ['a'], event: 'e', data: '1', received: undefined }
    for (let i = 0; i < 2500; i += 1) {
      server.server.hub.deliver({ app, source: 'http', exceptSocketId: undefined, ...more })
    }
    for (let i = 0; i < 2000; i += 1) expect((await viewer.next())['kind']).toBe('event')
    expect(await viewer.next()).toEqual({ kind: 'missed', count: 500 })
  })
})
