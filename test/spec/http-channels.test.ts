import { describe, expect, it } from 'vitest'
import { ManualClock } from '../support/clock.ts'
import { exchange, request } from '../support/raw-http.ts'
import { signedPath, startServer } from '../support/server.ts'

const refused = (text: string): unknown =>
  expect.objectContaining({ status: 400, body: { error: text, code: 400 } })
const ok = (body: unknown): unknown => expect.objectContaining({ status: 200, body })

const ATTRIBUTES = 'info can be user_count, subscription_count and cache.'
const BAD_NAME = 'The path does not hold an allowed channel name.'

describe('GET channels', () => {
  it('is an empty object when nobody is subscribed: the PHP SDK fails on a list', async () => {
    await using server = await startServer()
    const target = signedPath(server.app, 'GET', '/apps/3/channels')
    expect(await exchange(server.port, request('GET', target))).toMatchObject({
      status: 200,
      body: '{"channels":{}}',
    })
  })

  it('names the channels that are occupied', async () => {
    await using server = await startServer()
    const client = await server.connect()
    for (const channel of ['a', 'private-b', '__proto__']) await client.subscribe(channel)
    await client.subscribe('presence-c', { user_id: '1' })
    expect(await server.request('GET', '/channels')).toEqual(
      ok(JSON.parse('{"channels":{"a":{},"private-b":{},"__proto__":{},"presence-c":{}}}')),
    )
    client.unsubscribe('a')
    await client.close()
    await server.expectEmpty()
    expect(await server.request('GET', '/channels')).toEqual(ok({ channels: {} }))
  })

  it('names only those that begin with filter_by_prefix', async () => {
    await using server = await startServer()
    const client = await server.connect()
    for (const channel of ['news', 'news-uk', 'my-news']) await client.subscribe(channel)
    const channels = await server.request('GET', '/channels', {
      query: { filter_by_prefix: 'news-' },
    })
    expect(channels).toEqual(ok({ channels: { 'news-uk': {} } }))
  })

  it('counts users and subscriptions of presence channels', async () => {
    await using server = await startServer()
    const ann = await server.connect()
    await ann.subscribe('presence-a', { user_id: '1' })
    const tab = await server.connect()
    await tab.subscribe('presence-a', { user_id: '1' })
    await tab.subscribe('presence-cache-b', { user_id: '1' })
    await tab.subscribe('c')
    const query = { filter_by_prefix: 'presence-', info: 'user_count,subscription_count' }
    expect(await server.request('GET', '/channels', { query })).toEqual(
      ok({
        channels: {
          'presence-a': { user_count: 1, subscription_count: 2 },
          'presence-cache-b': { user_count: 1, subscription_count: 1 },
        },
      }),
    )
  })

  it('counts the subscriptions of any channel', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('a')
    const query = { info: 'subscription_count' }
    expect(await server.request('GET', '/channels', { query })).toEqual(
      ok({ channels: { a: { subscription_count: 1 } } }),
    )
  })

  it('shows the cache of those channels that have one', async () => {
    await using server = await startServer({ clock: new ManualClock(Date.now()) })
    const client = await server.connect()
    for (const channel of ['a', 'cache-full', 'cache-empty']) await client.subscribe(channel)
    await client.next() // cache_miss of the last but one
    await server.trigger('cache-full', 'e', { id: 1 })
    const answer = await server.request('GET', '/channels', { query: { info: 'cache' } })
    expect(answer.body).toEqual({
      channels: {
        a: {},
        'cache-full': { cache: { data: '{"id":1}', ttl: 1800 } },
        'cache-empty': { cache: null },
      },
    })
  })

  it('does not tell of the channels that carry what is sent to one user', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.signIn({ id: '1' })
    await client.subscribe('#server-to-user-1')
    expect(await server.request('GET', '/channels')).toEqual(ok({ channels: {} }))
  })

  it.each<[what: string, query: Record<string, string>, text: string]>([
    [
      'user_count of all channels',
      { info: 'user_count' },
      'user_count is for presence channels: ask with filter_by_prefix beginning with presence-.',
    ],
    [
      'user_count of private channels',
      { info: 'user_count', filter_by_prefix: 'private-' },
      'user_count is for presence channels: ask with filter_by_prefix beginning with presence-.',
    ],
    ['something unknown', { info: 'weather' }, ATTRIBUTES],
    ['an empty attribute', { info: 'subscription_count,' }, ATTRIBUTES],
  ])('cannot be asked for %s', async (_what, query, text) => {
    await using server = await startServer()
    expect(await server.request('GET', '/channels', { query })).toEqual(refused(text))
  })
})

describe('GET channel', () => {
  it('says whether the channel is occupied', async () => {
    await using server = await startServer()
    expect(await server.request('GET', '/channels/a')).toEqual(ok({ occupied: false }))
    const client = await server.connect()
    await client.subscribe('a')
    expect(await server.request('GET', '/channels/a')).toEqual(ok({ occupied: true }))
  })

  it('counts users once, and every subscription', async () => {
    await using server = await startServer()
    const query = { info: 'user_count,subscription_count' }
    expect(await server.request('GET', '/channels/presence-a', { query })).toEqual(
      ok({ occupied: false, user_count: 0, subscription_count: 0 }),
    )
    for (const userId of ['1', '2', '1']) {
      const client = await server.connect()
      await client.subscribe('presence-a', { user_id: userId })
    }
    expect(await server.request('GET', '/channels/presence-a', { query })).toEqual(
      ok({ occupied: true, user_count: 2, subscription_count: 3 }),
    )
  })

  it('shows what a cache channel remembers, and the seconds it has left', async () => {
    const clock = new ManualClock(Date.now())
    await using server = await startServer({ clock })
    const cache = () => server.request('GET', '/channels/cache-a', { query: { info: 'cache' } })
    expect(await cache()).toEqual(ok({ occupied: false, cache: null }))
    await server.trigger('cache-a', 'e', { id: 1 })
    expect(await cache()).toEqual(ok({ occupied: false, cache: { data: '{"id":1}', ttl: 1800 } }))
    clock.advance(30_000)
    expect(await cache()).toEqual(ok({ occupied: false, cache: { data: '{"id":1}', ttl: 1770 } }))
  })

  it('forgets what is older than cache.ttlSeconds', async () => {
    const clock = new ManualClock(Date.now())
    await using server = await startServer({ clock, cache: { ttlSeconds: 60 } })
    await server.trigger('private-cache-a', 'e', 1)
    clock.advance(60_001)
    expect(
      await server.request('GET', '/channels/private-cache-a', { query: { info: 'cache' } }),
    ).toEqual(ok({ occupied: false, cache: null }))
  })

  it.each<[channel: string, info: string, text: string]>([
    ['a', 'user_count', 'a has no user_count: only presence channels have users.'],
    [
      'private-a',
      'subscription_count,user_count',
      'private-a has no user_count: only presence channels have users.',
    ],
    ['a', 'cache', 'a has no cache: only cache channels have a cache.'],
    ['my-cache-a', 'cache', 'my-cache-a has no cache: only cache channels have a cache.'],
    ['presence-a', 'cache', 'presence-a has no cache: only cache channels have a cache.'],
    ['a', 'weather', ATTRIBUTES],
  ])('refuses %s an attribute it has not: %s', async (channel, info, text) => {
    await using server = await startServer()
    expect(await server.request('GET', `/channels/${channel}`, { query: { info } })).toEqual(
      refused(text),
    )
  })

  it.each(['a%20b', 'a%2Fb', 'a%00', 'a%0Ab', '%23a', 'a:b', `${'a'.repeat(201)}`, 'a%C3%A9'])(
    'refuses a name that is not allowed: %s',
    async (name) => {
      await using server = await startServer()
      expect(await server.request('GET', `/channels/${name}`)).toEqual(refused(BAD_NAME))
      expect(await server.request('GET', `/channels/${name}/users`)).toEqual(refused(BAD_NAME))
    },
  )

  it.each([
    ['presence%2Da%2Cb', 'presence-a,b'],
    ['%2e%2e', '..'],
    ['__proto__', '__proto__'],
  ])('decodes the name in the path once: %s', async (encoded, name) => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe(name, { user_id: '1' })
    const target = signedPath(server.app, 'GET', `/apps/3/channels/${encoded}`)
    expect(await exchange(server.port, request('GET', target))).toMatchObject({
      status: 200,
      body: '{"occupied":true}',
    })
  })
})

describe('GET users', () => {
  it('lists each user of a presence channel once', async () => {
    await using server = await startServer()
    for (const user_id of ['7', 'ann@example.com', '7', 8]) {
      const client = await server.connect()
      await client.subscribe('presence-a', { user_id, user_info: { name: 'hidden' } })
    }
    expect(await server.request('GET', '/channels/presence-a/users')).toEqual(
      ok({ users: [{ id: '7' }, { id: 'ann@example.com' }, { id: '8' }] }),
    )
  })

  it('is an empty list for a presence channel that nobody is in', async () => {
    await using server = await startServer()
    expect(await server.request('GET', '/channels/presence-a/users')).toEqual(ok({ users: [] }))
  })

  it.each(['a', 'private-a', 'cache-a', 'presenceful'])(
    'is refused for a channel without users: %s',
    async (channel) => {
      await using server = await startServer()
      expect(await server.request('GET', `/channels/${channel}/users`)).toEqual(
        refused('Only presence channels have users: the name must begin with presence-.'),
      )
    },
  )
})
