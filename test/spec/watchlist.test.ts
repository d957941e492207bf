/** Watchlists: who of those one watches is online. */
import { describe, expect, it } from 'vitest'
import type { TestClient } from '../support/client.ts'
import { APP, startServer } from '../support/server.ts'

const watchlist = (...events: { name: 'online' | 'offline'; user_ids: string[] }[]) => ({
  event: 'pusher_internal:watchlist_events',
  data: { events },
})

/** Signs in, and takes the answer. */
async function signIn(client: TestClient, id: string, watched: unknown[] = []) {
  await client.signIn({ id, watchlist: watched })
}

describe('a watchlist', () => {
  it('is answered with who of it is online and who is not', async () => {
    await using server = await startServer()
    const [ann, bob] = await Promise.all([server.connect(), server.connect()])
    await signIn(bob, '9')
    await signIn(ann, '7', ['9', '11'])
    expect(await ann.nextText()).toBe(
      '{"event":"pusher_internal:watchlist_events","data":"{\\"events\\":[{\\"name\\":\\"online\\",\\"user_ids\\":[\\"9\\"]},{\\"name\\":\\"offline\\",\\"user_ids\\":[\\"11\\"]}]}"}',
    )
    await ann.expectNothing()
  })

  it('tells of who comes and goes, by user and not by connection', async () => {
    await using server = await startServer()
    const [ann, laptop, phone] = await Promise.all([
      server.connect(),
      server.connect(),
      server.connect(),
    ])
    await signIn(ann, '7', ['9'])
    expect(await ann.next()).toEqual(watchlist({ name: 'offline', user_ids: ['9'] }))
    await signIn(laptop, '9')
    expect(await ann.next()).toEqual(watchlist({ name: 'online', user_ids: ['9'] }))
    await signIn(phone, '9')
    await ann.expectNothing()
    await laptop.close()
    await ann.expectNothing()
    await phone.close()
    expect(await ann.next()).toEqual(watchlist({ name: 'offline', user_ids: ['9'] }))
  })

  it('is not told of others', async () => {
    await using server = await startServer()
    const [ann, bob] = await Promise.all([server.connect(), server.connect()])
    await signIn(ann, '7', ['9'])
    await ann.next()
    await signIn(bob, '11')
    await bob.close()
    await ann.expectNothing()
  })

  it('of a second sign-in takes the place of the first', async () => {
    await using server = await startServer()
    const [ann, bob, eve] = await Promise.all([
      server.connect(),
      server.connect(),
      server.connect(),
    ])
    await signIn(bob, '9')
    await signIn(ann, '7', ['9', '11'])
    await ann.next()
    await signIn(ann, '7', ['9', '13'])
    expect(await ann.next()).toEqual(
      watchlist({ name: 'online', user_ids: ['9'] }, { name: 'offline', user_ids: ['13'] }),
    )
    await signIn(eve, '11')
    await ann.expectNothing()
    await eve.close()
    await ann.expectNothing()
    await bob.close()
    expect(await ann.next()).toEqual(watchlist({ name: 'offline', user_ids: ['9'] }))
    const dan = await server.connect()
    await signIn(dan, '13')
    expect(await ann.next()).toEqual(watchlist({ name: 'online', user_ids: ['13'] }))
    await ann.expectNothing()
  })

  it('of a second sign-in may be empty: nobody is watched from then on', async () => {
    await using server = await startServer()
    const [ann, bob] = await Promise.all([server.connect(), server.connect()])
    await signIn(ann, '7', ['9'])
    await ann.next()
    await signIn(ann, '7')
    await ann.expectNothing()
    await signIn(bob, '9')
    await ann.expectNothing()
  })

  it('may hold the user itself, who is told once', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await signIn(client, '7', ['7'])
    expect(await client.next()).toEqual(watchlist({ name: 'online', user_ids: ['7'] }))
    await client.expectNothing()
  })

  it('of 100 users is watched whole', async () => {
    await using server = await startServer()
    const client = await server.connect()
    const ids = Array.from({ length: 100 }, (_, index) => `user-${index}`)
    await signIn(client, '7', ids)
    expect(await client.next()).toEqual(watchlist({ name: 'offline', user_ids: ids }))
    await client.expectNothing()
  })

  it('of 101 users is watched up to the hundredth, and the sign-in succeeds', async () => {
    await using server = await startServer()
    const [client, last, kept] = await Promise.all([
      server.connect(),
      server.connect(),
      server.connect(),
    ])
    const ids = Array.from({ length: 101 }, (_, index) => `user-${index}`)
    expect(await client.signIn({ id: '7', watchlist: ids })).toMatchObject({
      event: 'pusher:signin_success',
    })
    expect(await client.next()).toEqual(watchlist({ name: 'offline', user_ids: ids.slice(0, 100) }))
    expect(await client.next()).toEqual({
      event: 'pusher:error',
      data: {
        code: 4302,
        message: 'The watchlist has 101 users; the first 100 are watched, up to user-99.',
      },
    })
    await signIn(last, 'user-100')
    await client.expectNothing()
    await signIn(kept, 'user-99')
    expect(await client.next()).toEqual(watchlist({ name: 'online', user_ids: ['user-99'] }))
  })

  it.each<[string, unknown, string[]]>([
    ['numbers, as the ids they stand for', [9, 11], ['9', '11']],
    ['an id twice, once', ['9', '9'], ['9']],
    ['what is no id, ignored', ['9', '', 'a b', null, true, {}, ['11']], ['9']],
    ['a number that is no longer what was written, ignored', [9, 2 ** 53, 0.5], ['9']],
    ['an object that has no text', ['9', { toString: 1, valueOf: 1 }], ['9']],
  ])('may hold %s', async (_what, watched, ids) => {
    await using server = await startServer()
    const client = await server.connect()
    await client.signIn({ id: '7', watchlist: watched })
    expect(await client.next()).toEqual(watchlist({ name: 'offline', user_ids: ids }))
    await client.expectNothing()
  })

  it.each([
    ['absent', undefined],
    ['null', null],
    ['text', '9'],
    ['an object', { 0: '9' }],
    ['empty', []],
  ])('that is %s watches nobody', async (_what, watched) => {
    await using server = await startServer()
    const client = await server.connect()
    expect(await client.signIn({ id: '7', watchlist: watched })).toMatchObject({
      event: 'pusher:signin_success',
    })
    await client.expectNothing()
  })

  it('watches users of its own app', async () => {
    const other = { id: '4', key: 'other', secret: 'other' }
    await using server = await startServer({ apps: [APP, other] })
    const client = await server.connect()
    await signIn(client, '7', ['9'])
    await client.next()
    const neighbour = await server
      .dial(server.wsUrl.replace(APP.key, other.key), {}, other)
      .established()
    await signIn(neighbour, '9')
    await client.expectNothing()
  })
})
