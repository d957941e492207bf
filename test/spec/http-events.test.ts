import { describe, expect, it } from 'vitest'
import { startServer } from '../support/server.ts'

const ok = (body: unknown): unknown => expect.objectContaining({ status: 200, body })
const DONE = ok({})
const refused = (text: string, status = 400): unknown =>
  expect.objectContaining({ status, body: { error: text, code: status } })

describe('POST events', () => {
  it('sends an event to the subscribers of a channel, its data byte for byte', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('orders')
    const data = '{"id": 1,\\"é\\u00e9 "}'
    const answer = await server.request('POST', '/events', {
      body: { name: 'App\\Events\\OrderShipped', data, channels: ['orders'] },
    })
    expect(answer).toEqual(DONE)
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(await client.nextText()).toBe(
      JSON.stringify({ event: 'App\\Events\\OrderShipped', channel: 'orders', data }),
    )
  })

  it('sends it to every channel named, and to each once', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('a')
    await client.subscribe('b')
    const body = { name: 'e', data: '1', channels: ['b', 'a', 'b', 'nobody'] }
    expect(await server.request('POST', '/events', { body })).toEqual(DONE)
    expect(await client.next()).toEqual({ event: 'e', channel: 'b', data: 1 })
    expect(await client.next()).toEqual({ event: 'e', channel: 'a', data: 1 })
    await client.expectNothing()
  })

  it.each<[what: string, target: object]>([
    ['"channel", as the PHP SDK does for one', { channel: 'a' }],
    ['"channels"', { channels: ['a'] }],
    ['"channels" rather than "channel" when both stand', { channels: ['a'], channel: 'b' }],
    ['"channels" that is not a list', { channels: 'a' }],
  ])('takes its target from %s', async (_what, target) => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('a')
    await client.subscribe('b')
    const answer = await server.request('POST', '/events', {
      body: { name: 'e', data: '1', ...target },
    })
    expect(answer).toEqual(DONE)
    expect(await client.next()).toEqual({ event: 'e', channel: 'a', data: 1 })
    await client.expectNothing()
  })

  it.each<[what: string, data: unknown, sent: string]>([
    ['an empty string', '', ''],
    ['text that is not JSON', 'hello', 'hello'],
    ['an empty list, as Laravel sends no payload', '[]', '[]'],
    ['an object, stringified', { a: [1, 'é'] }, '{"a":[1,"é"]}'],
    ['a list, stringified', [1], '[1]'],
    ['a number, stringified', 1, '1'],
    ['false, stringified', false, 'false'],
    ['a lone surrogate', '\ud800', '\ud800'],
    ['control characters', '\u0000\u001f\u2028', '\u0000\u001f\u2028'],
  ])('accepts as data %s', async (_what, data, sent) => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('a')
    const answer = await server.request('POST', '/events', {
      body: { name: 'e', data, channel: 'a' },
    })
    expect(answer).toEqual(DONE)
    expect(JSON.parse(await client.nextText())).toEqual({ event: 'e', channel: 'a', data: sent })
  })

  it.each(['pusher:ping', 'pusher_internal:member_added', 'client-typing', 'é 💬\n"'])(
    'takes any name, since who signs may say anything: %j',
    async (name) => {
      await using server = await startServer()
      const client = await server.connect()
      await client.subscribe('a')
      expect(await server.trigger('a', name, 1)).toEqual(DONE)
      expect(await client.next()).toEqual({ event: name, channel: 'a', data: 1 })
    },
  )

  it('passes over what it does not know', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('a')
    const more = { tags: { region: 'eu' }, delta: true, extras: null }
    expect(await server.trigger('a', 'e', 1, more)).toEqual(DONE)
    expect(JSON.parse(await client.nextText())).toEqual({ event: 'e', channel: 'a', data: '1' })
  })

  it('holds __proto__ to be a name like any other', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('__proto__')
    const body =
      '{"__proto__":{"name":"other","channel":"a"},"name":"__proto__","data":"{}","channel":"__proto__","info":"subscription_count"}'
    expect(await server.request('POST', '/events', { body })).toEqual(
      ok(JSON.parse('{"channels":{"__proto__":{"subscription_count":1}}}')),
    )
    expect(await client.nextText()).toBe('{"event":"__proto__","channel":"__proto__","data":"{}"}')
  })

  it('does not reach another app, whatever the channel is called', async () => {
    const apps = ['one', 'two'].map((id) => ({ id, key: `key-${id}`, secret: `secret-${id}` }))
    await using server = await startServer({ apps })
    const url = server.wsUrl.replace('key-one', 'key-two')
    const other = await server.dial(url, {}, { key: 'key-two', secret: 'secret-two' }).established()
    await other.subscribe('a')
    expect(await server.trigger('a', 'e', 1)).toEqual(DONE)
    await other.expectNothing()
  })
})

describe('the parameters of an event', () => {
  it.each<[where: string, body: string | undefined]>([
    ['alone', undefined],
    ['beside a body, which counts where both name one', '{"name":"e","data":"2"}'],
  ])('may stand in the query, %s', async (_where, body) => {
    await using server = await startServer()
    const [client, sender] = await Promise.all([server.connect(), server.connect()])
    await client.subscribe('a,b')
    await sender.subscribe('a,b')
    const answer = await server.request('POST', '/events', {
      ...(body === undefined ? {} : { body }),
      query: {
        name: body === undefined ? 'e' : 'other',
        channel: 'a,b',
        data: '1+1',
        socket_id: sender.socketId,
        info: 'subscription_count',
      },
    })
    expect(answer).toEqual(ok({ channels: { 'a,b': { subscription_count: 2 } } }))
    expect(await client.next()).toEqual({
      event: 'e',
      channel: 'a,b',
      data: body === undefined ? '1+1' : 2,
    })
    await sender.expectNothing()
  })

  it('name several channels in the body alone: a comma is part of a name', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('a,b')
    const query = { name: 'e', data: '1', channels: 'a,b' }
    expect(await server.request('POST', '/events', { query })).toEqual(
      refused('An event needs "channels".'),
    )
    await client.expectNothing()
  })
})

describe('an idempotency_key', () => {
  it('publishes an event once, and answers its repeats as the first', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('a')
    const info = 'subscription_count'
    const post = () => server.trigger('a', 'e', 1, { info, idempotency_key: 'order 7' })
    expect(await post()).toEqual(ok({ channels: { a: { subscription_count: 1 } } }))
    expect(await client.next()).toMatchObject({ event: 'e' })
    const second = await server.connect()
    await second.subscribe('a')
    expect(await post()).toEqual(ok({ channels: { a: { subscription_count: 1 } } }))
    await client.expectNothing()
  })

  it('publishes a batch once', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('a')
    const body = { batch: [{ name: 'e', channel: 'a', data: '1' }], idempotency_key: 'order 7' }
    for (let times = 0; times < 2; times += 1) {
      expect(await server.request('POST', '/batch_events', { body })).toEqual(DONE)
    }
    expect(await client.next()).toMatchObject({ event: 'e' })
    await client.expectNothing()
  })
})

describe('socket_id', () => {
  it('names the one connection that does not receive the event', async () => {
    await using server = await startServer()
    const sender = await server.connect()
    const other = await server.connect()
    await sender.subscribe('a')
    await other.subscribe('a')
    expect(await server.trigger('a', 'e', 1, { socket_id: sender.socketId })).toEqual(DONE)
    expect(await other.next()).toEqual({ event: 'e', channel: 'a', data: 1 })
    await sender.expectNothing()
  })

  it.each<[what: string, socketId: string | null]>([
    ['of nobody', '1.2'],
    ['null', null],
  ])('is ignored: %s', async (_what, socketId) => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('a')
    expect(await server.trigger('a', 'e', 1, { socket_id: socketId })).toEqual(DONE)
    expect(await client.next()).toEqual({ event: 'e', channel: 'a', data: 1 })
  })

  it("does nothing when it is another app's", async () => {
    const apps = ['one', 'two'].map((id) => ({ id, key: `key-${id}`, secret: `secret-${id}` }))
    await using server = await startServer({ apps })
    const client = await server.connect()
    await client.subscribe('a')
    const url = server.wsUrl.replace('key-one', 'key-two')
    const other = await server.dial(url, {}, { key: 'key-two', secret: 'secret-two' }).established()
    await other.subscribe('a')
    expect(await server.trigger('a', 'e', 1, { socket_id: other.socketId })).toEqual(DONE)
    expect(await client.next()).toEqual({ event: 'e', channel: 'a', data: 1 })
    await other.expectNothing()
  })
})

describe('info with an event', () => {
  it('says how many there are on each channel', async () => {
    await using server = await startServer()
    const ann = await server.connect()
    await ann.subscribe('presence-a', { user_id: '1' })
    const tab = await server.connect()
    await tab.subscribe('presence-a', { user_id: '1' })
    const answer = await server.request('POST', '/events', {
      body: {
        name: 'e',
        data: '1',
        channels: ['presence-a', 'presence-empty'],
        info: 'user_count,subscription_count',
      },
    })
    expect(answer).toEqual(
      ok({
        channels: {
          'presence-a': { user_count: 1, subscription_count: 2 },
          'presence-empty': { user_count: 0, subscription_count: 0 },
        },
      }),
    )
  })

  it.each<[what: string, info: unknown]>([
    ['empty', ''],
    ['null', null],
  ])('may be %s', async (_what, info) => {
    await using server = await startServer()
    expect(await server.trigger('a', 'e', 1, { info })).toEqual(DONE)
  })

  it('may name one attribute twice', async () => {
    await using server = await startServer()
    const info = 'subscription_count, subscription_count'
    expect(await server.trigger('a', 'e', 1, { info })).toEqual(
      ok({ channels: { a: { subscription_count: 0 } } }),
    )
  })
})

describe('an event that cannot be published', () => {
  const EVENT = { name: 'e', data: '{}', channel: 'a' }
  const NAMES =
    'A channel name is a string of at most 200 of the characters A-Z a-z 0-9 _ - = @ , . ;'
  const without = (field: string): object => ({ ...EVENT, [field]: undefined })

  it.each<[what: string, body: unknown, text: string]>([
    ['is not an object', [], 'An event is a JSON object.'],
    ['is null', null, 'An event is a JSON object.'],
    ['has no name', without('name'), 'An event needs a "name".'],
    ['has an empty name', { ...EVENT, name: '' }, 'An event needs a "name".'],
    ['has a name that is no string', { ...EVENT, name: 1 }, 'An event needs a "name".'],
    [
      'has a long name',
      { ...EVENT, name: 'e'.repeat(201) },
      'An event name has at most 200 characters.',
    ],
    ['has no data', without('data'), 'An event needs "data", a string of JSON.'],
    ['has null as data', { ...EVENT, data: null }, 'An event needs "data", a string of JSON.'],
    ['has no channel', without('channel'), 'An event needs "channels".'],
    ['has an empty list of channels', { ...EVENT, channels: [] }, 'An event needs "channels".'],
    ['has a channel that is no string', { ...EVENT, channels: [1] }, NAMES],
    ['has a channel without a name', { ...EVENT, channel: '' }, NAMES],
    ['has a channel with a space', { ...EVENT, channels: ['a', 'b c'] }, NAMES],
    ['has a channel with a slash', { ...EVENT, channel: 'a/b' }, NAMES],
    ['has a channel with a colon', { ...EVENT, channel: 'a:b' }, NAMES],
    ['has a channel with a line break', { ...EVENT, channel: 'a\n' }, NAMES],
    ['has a channel with a lone surrogate', { ...EVENT, channel: 'a\ud800' }, NAMES],
    ['has a channel that begins with #', { ...EVENT, channel: '#a' }, NAMES],
    ['is for nobody in particular', { ...EVENT, channel: '#server-to-user-' }, NAMES],
    ['has a channel of 201 characters', { ...EVENT, channel: 'a'.repeat(201) }, NAMES],
    [
      'has 101 channels',
      { ...EVENT, channels: Array.from({ length: 101 }, (_, index) => `c${index}`) },
      'An event goes to at most 100 channels (limits.channelsPerEvent); this one names 101.',
    ],
    [
      'has a socket_id of another form',
      { ...EVENT, socket_id: 'abc' },
      'socket_id must have the form 123.456, as the client library gives it.',
    ],
    [
      'has the text that Echo sends before there is a socket id',
      { ...EVENT, socket_id: 'undefined' },
      'socket_id must have the form 123.456, as the client library gives it.',
    ],
    [
      'has a number as socket_id',
      { ...EVENT, socket_id: 1.2 },
      'socket_id must have the form 123.456, as the client library gives it.',
    ],
    [
      'asks for users of a channel without',
      { ...EVENT, channels: ['presence-a', 'b'], info: 'user_count' },
      'b has no user_count: only presence channels have users.',
    ],
    [
      'asks for something unknown',
      { ...EVENT, info: 'weather' },
      'info can be user_count, subscription_count and cache.',
    ],
    [
      'asks for the same over and over',
      { ...EVENT, info: `${'subscription_count,'.repeat(5)}subscription_count` },
      'info can be user_count, subscription_count and cache.',
    ],
    ['asks with a list', { ...EVENT, info: ['user_count'] }, '"info" is a comma-separated string.'],
  ])('is refused when it %s', async (_what, body, text) => {
    await using server = await startServer()
    const client = await server.connect()
    for (const channel of ['a', 'b', 'c0', 'presence-a']) {
      await client.subscribe(channel, { user_id: '1' })
    }
    expect(await server.request('POST', '/events', { body })).toEqual(refused(text))
    await client.expectNothing()
  })

  it.each<[what: string, body: string | Uint8Array, text: string]>([
    ['JSON', '{"name":', 'The body is not JSON.'],
    ['JSON but a form', 'name=e&data=1&channel=a', 'The body is not JSON.'],
    [
      'JSON once a byte order mark stands before it',
      `\ufeff${JSON.stringify(EVENT)}`,
      'The body is not JSON.',
    ],
    ['there', '', 'An event needs a "name".'],
  ])('is refused when its body is not %s', async (_what, body, text) => {
    await using server = await startServer()
    expect(await server.request('POST', '/events', { body })).toEqual(refused(text))
  })
})
