/** Presence channels: who is there, once per user, however many sockets. */
import { describe, expect, it } from 'vitest'
import type { TestClient } from '../support/client.ts'
import { startServer } from '../support/server.ts'

const ROOM = 'presence-room'

const succeeded = (members: Record<string, unknown>) => ({
  event: 'pusher_internal:subscription_succeeded',
  channel: ROOM,
  data: {
    presence: { count: Object.keys(members).length, ids: Object.keys(members), hash: members },
  },
})
const memberAdded = (userId: string, userInfo: unknown = null) => ({
  event: 'pusher_internal:member_added',
  channel: ROOM,
  data: { user_id: userId, user_info: userInfo },
})
const memberRemoved = (userId: string) => ({
  event: 'pusher_internal:member_removed',
  channel: ROOM,
  data: { user_id: userId },
})

/** Subscribes with this very channel_data. */
async function join(client: TestClient, channelData: string | undefined) {
  const auth = client.sign(ROOM, channelData)
  client.send({
    event: 'pusher:subscribe',
    data: { auth, channel_data: channelData, channel: ROOM },
  })
  return client.next()
}

describe('joining', () => {
  it('shows the newcomer everybody, itself included, and the others the newcomer', async () => {
    await using server = await startServer()
    const [ann, bob] = await Promise.all([server.connect(), server.connect()])
    await join(ann, '{"user_id":"7","user_info":{"name":"A"}}')
    const channelData = '{"user_id":"9","user_info":{"name":"B"}}'
    bob.send({
      event: 'pusher:subscribe',
      data: { auth: bob.sign(ROOM, channelData), channel_data: channelData, channel: ROOM },
    })
    expect(await bob.nextText()).toBe(
      String.raw`{"event":"pusher_internal:subscription_succeeded","channel":"presence-room","data":"{\"presence\":{\"count\":2,\"ids\":[\"7\",\"9\"],\"hash\":{\"7\":{\"name\":\"A\"},\"9\":{\"name\":\"B\"}}}}"}`,
    )
    expect(await ann.nextText()).toBe(
      String.raw`{"event":"pusher_internal:member_added","channel":"presence-room","data":"{\"user_id\":\"9\",\"user_info\":{\"name\":\"B\"}}"}`,
    )
    await bob.expectNothing()
  })

  it('announces a user once, however many sockets they open', async () => {
    await using server = await startServer()
    const ann = await server.connect()
    await join(ann, '{"user_id":"1"}')
    const laptop = await server.connect()
    await join(laptop, '{"user_id":"2"}')
    expect(await ann.next()).toEqual(memberAdded('2'))

    const phone = await server.connect()
    expect(await join(phone, '{"user_id":"2"}')).toEqual(succeeded({ 1: null, 2: null }))
    await ann.expectNothing()
    await laptop.expectNothing()
  })

  it.each([
    ['a number', '7', '7'],
    ['a string of the same digits', '"7"', '7'],
  ])('takes a user_id that is %s for the same user', async (_what, id, userId) => {
    await using server = await startServer()
    const [first, second] = await Promise.all([server.connect(), server.connect()])
    expect(await join(first, '{"user_id":7}')).toEqual(succeeded({ 7: null }))
    expect(await join(second, `{"user_id":${id}}`)).toEqual(succeeded({ [userId]: null }))
    await first.expectNothing()
  })

  it('keeps the user_info of the first socket, and says nothing of a change', async () => {
    await using server = await startServer()
    const [ann, tab, watcher] = await Promise.all([
      server.connect(),
      server.connect(),
      server.connect(),
    ])
    await join(ann, '{"user_id":"7","user_info":"first"}')
    expect(await join(tab, '{"user_id":"7","user_info":"second"}')).toEqual(
      succeeded({ 7: 'first' }),
    )
    expect(await join(watcher, '{"user_id":"8"}')).toEqual(succeeded({ 7: 'first', 8: null }))
  })

  it('verifies what was signed as it came, and shows what it means', async () => {
    await using server = await startServer()
    const client = await server.connect()
    const escaped = '{"user_id":"7","user_info":{"url":"https:\\/\\/x","name":"Ren\\u00e9"}}'
    expect(await join(client, escaped)).toEqual(
      succeeded({ 7: { url: 'https://x', name: 'Ren\u00e9' } }),
    )
  })

  it('again succeeds again and announces nothing', async () => {
    await using server = await startServer()
    const [ann, bob] = await Promise.all([server.connect(), server.connect()])
    await join(ann, '{"user_id":"1"}')
    await join(bob, '{"user_id":"2"}')
    await ann.next()
    expect(await join(bob, '{"user_id":"2"}')).toEqual(succeeded({ 1: null, 2: null }))
    expect(await join(bob, '{"user_id":"3"}'), 'as somebody else').toEqual(
      succeeded({ 1: null, 2: null }),
    )
    await ann.expectNothing()
    bob.unsubscribe(ROOM)
    expect(await ann.next()).toEqual(memberRemoved('2'))
  })

  it('takes the signed-in user where there is no channel_data', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.signIn({ id: '7', user_info: { name: 'A' } })
    expect(await join(client, undefined)).toEqual(succeeded({ 7: { name: 'A' } }))
  })

  it('prefers channel_data to the signed-in user', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.signIn({ id: '7' })
    expect(await join(client, '{"user_id":"8"}')).toEqual(succeeded({ 8: null }))
  })
})

describe('leaving', () => {
  it('is announced with the last socket of the user, by unsubscribing or closing', async () => {
    await using server = await startServer()
    const [ann, laptop, phone] = await Promise.all([
      server.connect(),
      server.connect(),
      server.connect(),
    ])
    await join(ann, '{"user_id":"1"}')
    await join(laptop, '{"user_id":"2"}')
    await join(phone, '{"user_id":"2"}')
    await ann.next()

    laptop.unsubscribe(ROOM)
    await laptop.expectNothing()
    await ann.expectNothing()
    await phone.close()
    expect(await ann.nextText()).toBe(
      String.raw`{"event":"pusher_internal:member_removed","channel":"presence-room","data":"{\"user_id\":\"2\"}"}`,
    )
    await laptop.expectNothing()
  })

  it('takes the user out of the roster', async () => {
    await using server = await startServer()
    const [ann, bob, eve] = await Promise.all([
      server.connect(),
      server.connect(),
      server.connect(),
    ])
    await join(ann, '{"user_id":"1"}')
    await join(bob, '{"user_id":"2"}')
    bob.unsubscribe(ROOM)
    await bob.expectNothing()
    expect(await join(eve, '{"user_id":"3"}')).toEqual(succeeded({ 1: null, 3: null }))
    expect(await server.request('GET', `/channels/${ROOM}/users`)).toMatchObject({
      body: { users: [{ id: '1' }, { id: '3' }] },
    })
  })

  it('between two joins in one turn loses no member_added', async () => {
    // Over Redis who takes back what is not decided yet has not been there.
    await using server = await startServer({ nodes: 1 })
    const [ann, bob] = await Promise.all([server.connect(), server.connect()])
    await join(ann, '{"user_id":"1"}')
    const channelData = '{"user_id":"2"}'
    const data = { auth: bob.sign(ROOM, channelData), channel_data: channelData, channel: ROOM }
    bob.send({ event: 'pusher:subscribe', data })
    bob.unsubscribe(ROOM)
    bob.send({ event: 'pusher:subscribe', data })
    expect(await bob.next()).toEqual(succeeded({ 1: null, 2: null }))
    expect(await bob.next()).toEqual(succeeded({ 1: null, 2: null }))
    expect(await ann.next()).toEqual(memberAdded('2'))
    expect(await ann.next()).toEqual(memberRemoved('2'))
    expect(await ann.next()).toEqual(memberAdded('2'))
    await ann.expectNothing()
  })
})

describe('a room', () => {
  it('of as many members as it may have takes nobody new, but a known user again', async () => {
    await using server = await startServer({ limits: { presenceMembers: 2 } })
    const clients = await Promise.all(Array.from({ length: 4 }, () => server.connect()))
    const [ann, bob, eve, tab] = clients as [TestClient, TestClient, TestClient, TestClient]
    await join(ann, '{"user_id":"1"}')
    await join(bob, '{"user_id":"2"}')
    await ann.next()
    const full = {
      event: 'pusher:subscription_error',
      channel: ROOM,
      data: {
        type: 'LimitReached',
        error: 'The channel has its 2 members (limits.presenceMembers).',
        status: 4100,
      },
    }
    expect(await join(eve, '{"user_id":"3"}')).toEqual(full)
    expect(await join(tab, '{"user_id":"2"}'), "a member's second tab").toEqual(
      succeeded({ 1: null, 2: null }),
    )
    await ann.expectNothing()

    await tab.close()
    expect(await join(eve, '{"user_id":"3"}'), 'while the first tab is there').toEqual(full)
    await bob.close()
    expect(await ann.next()).toEqual(memberRemoved('2'))
    expect(await join(eve, '{"user_id":"3"}')).toEqual(succeeded({ 1: null, 3: null }))
  })

  it('takes a member of as many bytes as allowed, and none larger', async () => {
    await using server = await startServer({ limits: { presenceMemberBytes: 100 } })
    const client = await server.connect()
    const sized = (bytes: number) =>
      `{"user_id":"7","user_info":"${'x'.repeat(bytes - '{"user_id":"7","user_info":""}'.length)}"}`
    expect(await join(client, sized(101))).toEqual({
      event: 'pusher:subscription_error',
      channel: ROOM,
      data: {
        type: 'LimitReached',
        error: 'A member is larger than 100 bytes.',
        status: 4301,
      },
    })
    expect(await join(client, sized(100))).toMatchObject({
      event: 'pusher_internal:subscription_succeeded',
    })
  })

  it.each([
    ['no channel_data', undefined],
    ['channel_data that is not JSON', 'x'],
    ['no user_id', '{"user_info":{}}'],
    ['an empty user_id', '{"user_id":""}'],
    ['a user_id that is null', '{"user_id":null}'],
    ['a user_id that is an object', '{"user_id":{}}'],
    ['a user_id of 129 characters', JSON.stringify({ user_id: 'x'.repeat(129) })],
  ])('takes nobody with %s', async (_what, channelData) => {
    await using server = await startServer()
    const client = await server.connect()
    expect(await join(client, channelData)).toMatchObject({
      event: 'pusher:subscription_error',
      channel: ROOM,
      data: { type: 'AuthError', status: 401 },
    })
  })

  it.each(['__proto__', 'constructor', '\ud800', 'a"b\\', '\n'])(
    'takes a user called %j',
    async (userId) => {
      await using server = await startServer()
      const [watcher, client] = await Promise.all([server.connect(), server.connect()])
      await join(watcher, '{"user_id":"1"}')
      const { data } = await join(client, JSON.stringify({ user_id: userId }))
      expect(data).toMatchObject({ presence: { count: 2, ids: ['1', userId] } })
      expect(await watcher.next()).toEqual(memberAdded(userId))
      await client.close()
      expect(await watcher.next()).toEqual(memberRemoved(userId))
    },
  )
})
