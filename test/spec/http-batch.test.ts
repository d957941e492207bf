import { describe, expect, it } from 'vitest'
import { startServer } from '../support/server.ts'

const ok = (body: unknown): unknown => expect.objectContaining({ status: 200, body })
const refused = (text: string, status = 400): unknown =>
  expect.objectContaining({ status, body: { error: text, code: status } })

describe('POST batch_events', () => {
  it('sends each event to its channel, in order', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('a')
    await client.subscribe('b')
    const batch = [
      { name: 'first', data: '{"id":1}', channel: 'a' },
      { name: 'second', data: 'x', channel: 'b' },
      { name: 'third', data: { id: 3 }, channel: 'a' },
    ]
    expect(await server.request('POST', '/batch_events', { body: { batch } })).toEqual(ok({}))
    expect(await client.nextText()).toBe('{"event":"first","channel":"a","data":"{\\"id\\":1}"}')
    expect(await client.nextText()).toBe('{"event":"second","channel":"b","data":"x"}')
    expect(await client.nextText()).toBe('{"event":"third","channel":"a","data":"{\\"id\\":3}"}')
    await client.expectNothing()
  })

  it('leaves out a connection for one event and not for another', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('a')
    const batch = [
      { name: 'mine', data: '1', channel: 'a', socket_id: client.socketId },
      { name: 'everybody', data: '2', channel: 'a' },
    ]
    await server.request('POST', '/batch_events', { body: { batch } })
    expect(await client.next()).toEqual({ event: 'everybody', channel: 'a', data: 2 })
  })

  it('answers info in the order of the events, empty for those that did not ask', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('presence-a', { user_id: '1' })
    const batch = [
      { name: 'e', data: '1', channel: 'presence-a', info: 'user_count,subscription_count' },
      { name: 'e', data: '1', channel: 'b' },
      { name: 'e', data: '1', channel: 'b', info: 'subscription_count' },
    ]
    expect(await server.request('POST', '/batch_events', { body: { batch } })).toEqual(
      ok({ batch: [{ user_count: 1, subscription_count: 1 }, {}, { subscription_count: 0 }] }),
    )
  })

  it('may be empty', async () => {
    await using server = await startServer()
    const answer = await server.request('POST', '/batch_events', { body: { batch: [] } })
    expect(answer).toEqual(ok({}))
  })

  it.each<[what: string, last: unknown, text: string, status?: number]>([
    ['is not an object', 'e', 'Event 1 of the batch: An event is a JSON object.'],
    ['has no channel', { name: 'e', data: '1' }, 'Event 1 of the batch: An event needs "channel".'],
    [
      'has a list of channels',
      { name: 'e', data: '1', channels: ['a'] },
      'Event 1 of the batch: An event needs "channel".',
    ],
    [
      'has no data',
      { name: 'e', channel: 'a' },
      'Event 1 of the batch: An event needs "data", a string of JSON.',
    ],
    [
      'is too large',
      { name: 'e', channel: 'a', data: 'x'.repeat(102_401) },
      'Event 1 of the batch: The data of event e is larger than 102400 bytes (limits.eventBytes). Send less, or an id to fetch the rest by.',
      413,
    ],
    [
      'asks for what its channel has not',
      { name: 'e', channel: 'a', data: '1', info: 'user_count' },
      'Event 1 of the batch: a has no user_count: only presence channels have users.',
    ],
  ])('delivers nothing of it when one event %s', async (_what, last, text, status = 400) => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('a')
    const batch = [{ name: 'good', data: '1', channel: 'a' }, last]
    expect(await server.request('POST', '/batch_events', { body: { batch } })).toEqual(
      refused(text, status),
    )
    await client.expectNothing()
  })

  it('has at most 10 events', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('a')
    const batch = Array.from({ length: 11 }, () => ({ name: 'e', data: '1', channel: 'a' }))
    expect(await server.request('POST', '/batch_events', { body: { batch } })).toEqual(
      refused('A batch has at most 10 events (limits.eventsPerBatch); this one has 11.'),
    )
    await client.expectNothing()
    const body = { batch: batch.slice(0, 10) }
    expect(await server.request('POST', '/batch_events', { body })).toMatchObject({ status: 200 })
    for (const _ of body.batch) expect(await client.next()).toMatchObject({ event: 'e' })
  })

  it.each<[what: string, body: unknown]>([
    ['the list itself', [{ name: 'e', data: '1', channel: 'a' }]],
    ['an object', { batch: {} }],
    ['nothing', {}],
    ['null', null],
  ])('is a list under "batch", not %s', async (_what, body) => {
    await using server = await startServer()
    expect(await server.request('POST', '/batch_events', { body })).toEqual(
      refused('The body needs "batch", a list of events.'),
    )
  })
})
