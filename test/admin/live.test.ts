/** What is there now, listed, closed and published to over the admin port; on one node and on two. */
import { hostname } from 'node:os'
import { describe, expect, it } from 'vitest'
import { type AdminAnswer, askAdmin } from '../support/admin.ts'
import type { TestClient } from '../support/client.ts'
import { APP, startServer, type TestServer, type TestServerOptions } from '../support/server.ts'

const OTHER = { id: '4', key: 'other', secret: 'other-secret' } as const
const TOKEN = 'a-token-of-sixteen'
const BEARER = `Authorization: Bearer ${TOKEN}\r\n`

const start = (nodes: 1 | 2, options: TestServerOptions = {}): Promise<TestServer> =>
  startServer({ nodes, apps: [APP, OTHER], admin: { token: TOKEN }, ...options })

/** Asks the first node. */
const ask = (
  server: TestServer,
  method: 'GET' | 'POST',
  path: string,
  body = '',
): Promise<AdminAnswer> =>
  askAdmin(server.server.admin.port, method, path, { body, headers: BEARER })

const get = async (server: TestServer, path: string) => (await ask(server, 'GET', path)).body

/** All rows of a list, page by page. */
async function pages(server: TestServer, path: string, list: string): Promise<unknown[][]> {
  const all: unknown[][] = []
  let after = ''
  do {
    const { status, body } = await ask(server, 'GET', `${path}${after}`)
    expect(status).toBe(200)
    all.push(body[list])
    after = body.more === null ? '' : `&after=${body.more}`
  } while (after !== '')
  return all
}

const other = (server: TestServer): Promise<TestClient> =>
  server.dial(server.wsUrl.replace(APP.key, OTHER.key), {}, OTHER).established()

const channel = (name: string, kind: string, subscriptions: number, more = {}) => ({
  app: APP.id,
  name,
  kind,
  cached: false,
  subscriptions,
  members: null,
  ...more,
})

describe.each([1, 2] as const)('on %i node(s)', (nodes) => {
  it('channels are listed in order, with their kind and who is in them', async () => {
    await using server = await start(nodes)
    const ann = await server.connect()
    const bob = await server.connect()
    for (const client of [ann, bob]) {
      await client.subscribe('news')
      await client.signIn({ id: 'signed-in' }) // whose own channel is nobody's business
    }
    await ann.subscribe('private-orders')
    await ann.subscribe('presence-room', { user_id: '1' })
    await bob.subscribe('presence-room', { user_id: '2' })
    await ann.next()
    await bob.subscribe('cache-scores')
    await bob.next()
    await (await other(server)).subscribe('private-encrypted-x')
    await server.settled()
    expect(await get(server, '/channels')).toEqual({
      channels: [
        channel('cache-scores', 'public', 1, { cached: true }),
        channel('news', 'public', 2),
        channel('presence-room', 'presence', 2, { members: 2 }),
        channel('private-orders', 'private', 1),
        channel('private-encrypted-x', 'encrypted', 1, { app: OTHER.id }),
      ],
      more: null,
      silentNodes: [],
    })
    const names = async (query: string) =>
      (await get(server, `/channels?${query}`)).channels.map(({ name }: { name: string }) => name)
    expect(await names('app=4')).toEqual(['private-encrypted-x'])
    expect(await names('prefix=pr')).toEqual([
      'presence-room',
      'private-orders',
      'private-encrypted-x',
    ])
    expect(await names('prefix=*')).toEqual([])
  })

  it('channels come in pages that leave none out and repeat none', async () => {
    await using server = await start(nodes)
    const client = await server.connect()
    const names = Array.from({ length: 25 }, (_, index) => `c-${index}`).sort()
    for (const name of names) await client.subscribe(name)
    const stranger = await other(server)
    await stranger.subscribe('a')
    await server.settled()
    const found = await pages(server, '/channels?limit=10', 'channels')
    expect(found.map(({ length }) => length)).toEqual([10, 10, 6])
    expect(found.flat().map((row) => (row as { name: string }).name)).toEqual([...names, 'a'])
  })

  it('connections are listed with their node, user, channels and start', async () => {
    await using server = await start(nodes)
    const ann = await server.connect()
    await ann.signIn({ id: 'ann' })
    await ann.subscribe('news')
    const bob = await server.connect()
    await bob.subscribe('presence-room', { user_id: 'bob' })
    const nobody = await server.connect()
    const before = Date.now()
    const { connections, ...rest } = await get(server, '/connections')
    expect(rest).toEqual({ more: null, silentNodes: [] })
    const row = (socketId: string, userId: string | null, channels: number) => ({
      app: APP.id,
      socketId,
      node: `${hostname()}:${process.pid}`,
      userId,
      channels,
      openedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/),
      bufferedBytes: 0,
    })
    const expected = [
      row(ann.socketId, 'ann', 1),
      row(bob.socketId, 'bob', 1),
      row(nobody.socketId, null, 0),
    ]
    expect(connections).toEqual(expected.sort((a, b) => (a.socketId < b.socketId ? -1 : 1)))
    for (const { openedAt } of connections) {
      expect(Math.abs(Date.parse(openedAt) - before)).toBeLessThan(20_000)
    }
    const ids = async (query: string) =>
      (await get(server, `/connections?${query}`)).connections.map(
        ({ socketId }: { socketId: string }) => socketId,
      )
    expect(await ids('channel=news')).toEqual([ann.socketId])
    expect(await ids('user=bob')).toEqual([bob.socketId])
    expect(await ids('user=ann&channel=news')).toEqual([ann.socketId])
    expect(await ids('user=ann&channel=presence-room')).toEqual([])
    expect(await ids('app=4')).toEqual([])
  })

  it('connections come in pages that leave none out and repeat none', async () => {
    await using server = await start(nodes)
    const clients = await Promise.all(Array.from({ length: 23 }, () => server.connect()))
    const found = await pages(server, '/connections?limit=5', 'connections')
    expect(found.map(({ length }) => length)).toEqual([5, 5, 5, 5, 3])
    expect(found.flat().map((row) => (row as { socketId: string }).socketId)).toEqual(
      clients.map(({ socketId }) => socketId).sort(),
    )
  })

  it('users are those who signed in and the members of presence channels', async () => {
    await using server = await start(nodes)
    const [a, b, c] = await Promise.all([server.connect(), server.connect(), server.connect()])
    if (a === undefined || b === undefined || c === undefined) throw new Error('three')
    await a.signIn({ id: 'ann' })
    await a.subscribe('presence-room', { user_id: 'ann' }) // once, however she is known
    await b.subscribe('presence-hall', { user_id: 'ann' })
    await c.signIn({ id: 'bob' })
    expect(await get(server, '/users')).toEqual({
      users: [
        { app: APP.id, userId: 'ann', connections: 2 },
        { app: APP.id, userId: 'bob', connections: 1 },
      ],
      more: null,
      silentNodes: [],
    })
    expect((await get(server, '/users?prefix=b')).users).toHaveLength(1)
    const found = await pages(server, '/users?limit=1', 'users')
    expect(found).toEqual([[expect.objectContaining({ connections: 2 })], [expect.anything()]])
  })

  it('members of a channel are listed, with what the app says of them on request', async () => {
    await using server = await start(nodes)
    const [a, b] = [await server.connect(), await server.connect()]
    await a.subscribe('presence-room', { user_id: '2', user_info: { name: 'Ann' } })
    await b.subscribe('presence-room', { user_id: '10' })
    await a.next()
    const path = '/channels/members?app=3&channel=presence-room'
    expect(await get(server, path)).toEqual({
      members: [{ userId: '10' }, { userId: '2' }],
      more: null,
      silentNodes: [],
    })
    expect((await get(server, `${path}&info=1`)).members).toEqual([
      { userId: '10', info: null },
      { userId: '2', info: { name: 'Ann' } },
    ])
    const found = await pages(server, `${path}&limit=1`, 'members')
    expect(found).toEqual([[{ userId: '10' }], [{ userId: '2' }]])
  })

  it('a connection is closed for good, or to come back', async () => {
    await using server = await start(nodes)
    for (const [query, code] of [
      ['', 4009],
      ['&reconnect=1', 4200],
    ] as const) {
      const [a, b] = [await server.connect(), await server.connect()]
      for (const { socketId } of [a, b]) {
        const { body } = await ask(server, 'POST', `/connections/close?id=${socketId}${query}`)
        expect(body).toEqual({ closed: 1, silentNodes: [] })
      }
      for (const client of [a, b]) {
        expect(await client.next()).toEqual({
          event: 'pusher:error',
          data: { code, message: 'An operator has closed the connection.' },
        })
        expect(await client.closed).toMatchObject({ code })
      }
    }
    const { body } = await ask(server, 'POST', '/connections/close?id=1.1')
    expect(body).toEqual({ closed: 0, silentNodes: [] })
  })

  it('a connection of another app is not closed', async () => {
    await using server = await start(nodes)
    const client = await server.connect()
    const path = `/connections/close?app=4&id=${client.socketId}`
    expect((await ask(server, 'POST', path)).body.closed).toBe(0)
    await client.expectNothing()
  })

  it('a user is disconnected wherever they are, and nobody else is', async () => {
    await using server = await start(nodes)
    const [a, b, c] = [await server.connect(), await server.connect(), await server.connect()]
    await a.signIn({ id: 'ann' })
    await b.subscribe('presence-room', { user_id: 'ann' })
    await c.signIn({ id: 'ann2' })
    const { body } = await ask(server, 'POST', '/users/disconnect?app=3&id=ann')
    expect(body).toEqual({ closed: 2, silentNodes: [] })
    for (const client of [a, b]) expect(await client.closed).toMatchObject({ code: 4009 })
    await c.expectNothing()
  })

  it('an event is published, but not to the socket that it names', async () => {
    await using server = await start(nodes)
    const [a, b] = [await server.connect(), await server.connect()]
    for (const client of [a, b]) await client.subscribe('news')
    await server.settled()
    const event = { app: '3', channel: 'news', event: 'told', data: { n: 1 } }
    const told = { event: 'told', channel: 'news', data: { n: 1 } }
    const publish = (more = {}) =>
      ask(server, 'POST', '/events', JSON.stringify({ ...event, ...more }))
    expect(await publish()).toEqual({ status: 200, body: { ok: true, subscriptions: 2 } })
    for (const client of [a, b]) expect(await client.next()).toEqual(told)
    expect((await publish({ socketId: a.socketId })).status).toBe(200)
    expect(await b.next()).toEqual(told)
    await a.expectNothing()
  })
})

describe('what is asked for wrongly', () => {
  it.each([
    ['no limit', '/channels?limit=', 'limit is a whole number from 1 to 1000.'],
    ['a limit of none', '/users?limit=0', 'limit is a whole number from 1 to 1000.'],
    ['too many', '/connections?limit=1001', 'limit is a whole number from 1 to 1000.'],
    ['half a row', '/channels?limit=1.5', 'limit is a whole number from 1 to 1000.'],
    ['endless rows', '/channels?limit=Infinity', 'limit is a whole number from 1 to 1000.'],
    ['a made-up cursor', '/channels?after=x', 'after is what an answer before said in "more".'],
    [
      'a cursor of something else',
      `/users?after=${Buffer.from('{"a":1}').toString('base64url')}`,
      'after is what an answer before said in "more".',
    ],
    ['members of nothing', '/channels/members?app=3', 'Name the channel.'],
    [
      'members where there are none',
      '/channels/members?app=3&channel=news',
      'Only presence channels have members: the name must begin with presence-.',
    ],
    [
      'members of no app, of several',
      '/channels/members?channel=presence-x',
      'Name the app. There is 3, 4.',
    ],
  ])('is refused: %s', async (_what, path, error) => {
    await using server = await start(1)
    expect(await ask(server, 'GET', path)).toEqual({ status: 400, body: { error, code: 400 } })
  })

  it.each([
    ['no connection', '/connections/close', 'Name the connection by id, its socket id.'],
    ['no user', '/users/disconnect?app=3', 'Name the user by id.'],
    ['a user of no app, of several', '/users/disconnect?id=1', 'Name the app. There is 3, 4.'],
  ])('closes nothing: %s', async (_what, path, error) => {
    await using server = await start(1)
    expect(await ask(server, 'POST', path)).toEqual({ status: 400, body: { error, code: 400 } })
  })

  it.each([
    '/channels?app=5',
    '/connections?app=5',
    '/users?app=5',
    '/channels/members?app=5&channel=presence-x',
  ])('names the apps that there are: %s', async (path) => {
    await using server = await start(1)
    const error = 'No app has the id 5. There is 3, 4.'
    expect(await ask(server, 'GET', path)).toEqual({ status: 404, body: { error, code: 404 } })
  })

  it('names no more apps than can be read', async () => {
    const apps = Array.from({ length: 30 }, (_, index) => ({
      id: String(index),
      key: `key-${index}`,
      secret: 'secret',
    }))
    await using server = await start(1, { apps })
    const { body } = await ask(server, 'GET', '/users?app=x')
    expect(body.error).toMatch(/^No app has the id x\. There is 0, 1, .*, 19 and 10 more\.$/)
  })

  it.each<[what: string, body: string, status: number, error: RegExp]>([
    ['no JSON', '{', 400, /^The body is a JSON object\.$/],
    ['a list', '[]', 400, /^The body is a JSON object\.$/],
    ['no channel', '{"app":"3","event":"e","data":""}', 400, /^"channel" has to be a string\.$/],
    [
      'several channels',
      '{"app":"3","channel":["a","b"],"event":"e","data":""}',
      400,
      /^"channel" has/,
    ],
    ['no event', '{"app":"3","channel":"a","data":""}', 400, /^"event" has to be a string\.$/],
    ['no data', '{"app":"3","channel":"a","event":"e"}', 400, /^An event needs "data"/],
    ['a bad name', '{"app":"3","channel":"a b","event":"e","data":""}', 400, /^A channel name is/],
    ['no such app', '{"app":"5","channel":"a","event":"e","data":""}', 404, /^No app has the id 5/],
    ['an app of a number', '{"app":3,"channel":"a","event":"e","data":""}', 400, /^"app" has/],
    [
      'a bad socket id',
      '{"app":"3","channel":"a","event":"e","data":"","socketId":"x"}',
      400,
      /^socket_id must/,
    ],
    [
      'more data than an event may have',
      JSON.stringify({ app: '3', channel: 'a', event: 'e', data: 'x'.repeat(102_401) }),
      413,
      /limits\.eventBytes/,
    ],
    ['a body that no event can be', 'x'.repeat(300_000), 413, /^The request body is larger/],
  ])('publishes nothing: %s', async (_what, body, status, error) => {
    await using server = await start(1)
    const answer = await ask(server, 'POST', '/events', body)
    expect(answer.status).toBe(status)
    expect(answer.body.error).toMatch(error)
  })

  it('and names of any length harm nobody', async () => {
    await using server = await start(2)
    const long = 'x'.repeat(3000)
    expect(await get(server, `/channels?prefix=${long}`)).toMatchObject({ channels: [] })
    const path = `/connections?app=3&channel=${long}&user=${long}`
    expect(await get(server, path)).toMatchObject({ connections: [], silentNodes: [] })
    expect((await ask(server, 'POST', `/connections/close?id=${long}`)).body.closed).toBe(0)
    expect((await ask(server, 'GET', `/users?app=${long}`)).status).toBe(404)
  })
})

describe('who may ask', () => {
  const GETS = ['/channels', '/connections', '/users', '/channels/members?channel=presence-x']
  const POSTS = ['/connections/close?id=1.1', '/users/disconnect?id=1', '/events']

  it('is nobody without the token where there is one', async () => {
    await using server = await start(1)
    for (const path of GETS) {
      expect((await askAdmin(server.server.admin.port, 'GET', path)).status).toBe(401)
    }
    for (const path of POSTS) {
      expect((await askAdmin(server.server.admin.port, 'POST', path)).status).toBe(401)
    }
  })

  it('is on loopback whoever looks, and nobody who changes something', async () => {
    await using server = await startServer({ nodes: 1 })
    const { port } = server.server.admin
    for (const path of GETS) expect((await askAdmin(port, 'GET', path)).status).toBe(200)
    const info = '/channels/members?channel=presence-x&info=1'
    expect((await askAdmin(port, 'GET', info)).status).toBe(403)
    for (const path of POSTS) expect((await askAdmin(port, 'POST', path)).status).toBe(403)
    const headers = 'Origin: https://example.com\r\n'
    for (const path of GETS)
      expect((await askAdmin(port, 'GET', path, { headers })).status).toBe(403)
  })
})
