/** Cache channels: the last event a server sent, for whoever comes later. */
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../support/clock.ts'
import { APP, startServer } from '../support/server.ts'

const miss = (channel: string) => ({ event: 'pusher:cache_miss', channel, data: {} })

describe('a cache channel', () => {
  it('answers a new subscriber with cache_miss while it has no event', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('cache-a')
    expect(await client.nextText()).toBe(
      '{"event":"pusher:cache_miss","channel":"cache-a","data":"{}"}',
    )
  })

  it.each([
    ['cache-a', undefined],
    ['private-cache-a', undefined],
    ['private-encrypted-cache-a', undefined],
    ['presence-cache-a', { user_id: '7' }],
  ])('gives a new subscriber the last event after success: %s', async (channel, member) => {
    await using server = await startServer()
    const first = await server.connect()
    await first.subscribe(channel, member)
    expect(await first.next()).toEqual(miss(channel))
    await server.trigger(channel, 'e', { n: 1 })
    await server.trigger(channel, 'e', { n: 2 })

    const client = await server.connect()
    expect(await client.subscribe(channel, member)).toMatchObject({
      event: 'pusher_internal:subscription_succeeded',
    })
    expect(await client.nextText()).toBe(
      `{"event":"e","channel":"${channel}","data":"{\\"n\\":2}"}`,
    )
    await client.expectNothing()
  })

  it('gives it again to who subscribes again', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await server.trigger('cache-a', 'e', 1)
    for (let time = 0; time < 2; time += 1) {
      await client.subscribe('cache-a')
      expect(await client.next()).toEqual({ event: 'e', channel: 'cache-a', data: 1 })
    }
    await client.expectNothing()
  })

  it('remembers an event that was sent before anybody had ever connected', async () => {
    await using server = await startServer()
    await server.trigger('cache-a', 'e', 1)
    const client = await server.connect()
    await client.subscribe('cache-a')
    expect(await client.next()).toEqual({ event: 'e', channel: 'cache-a', data: 1 })
  })

  it('remembers while nobody is subscribed', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('cache-a')
    await client.next()
    client.unsubscribe('cache-a')
    await client.expectNothing()
    await server.trigger('cache-a', 'e', 1)
    await client.subscribe('cache-a')
    expect(await client.next()).toMatchObject({ event: 'e', data: 1 })
  })

  it('remembers an event that one socket was excluded from', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await server.trigger('cache-a', 'e', 1, { socket_id: client.socketId })
    await client.subscribe('cache-a')
    expect(await client.next()).toMatchObject({ event: 'e', data: 1 })
  })

  it('remembers for 30 minutes', async () => {
    const clock = new ManualClock(Date.now()) // requests are signed with the real time
    await using server = await startServer({ clock })
    await server.trigger('cache-a', 'e', 1)
    clock.advance(30 * 60_000 - 1)
    const client = await server.connect()
    await client.subscribe('cache-a')
    expect(await client.next()).toMatchObject({ event: 'e' })
    clock.advance(2)
    await client.subscribe('cache-a')
    expect(await client.next()).toEqual(miss('cache-a'))
  })

  it('remembers no client event', async () => {
    await using server = await startServer({ app: { clientEvents: true } })
    const client = await server.connect()
    await client.subscribe('private-cache-a')
    expect(await client.next()).toEqual(miss('private-cache-a'))
    client.send({ event: 'client-x', channel: 'private-cache-a', data: {} })
    await client.expectNothing()
    await client.subscribe('private-cache-a')
    expect(await client.next()).toEqual(miss('private-cache-a'))
  })

  it('remembers no member events', async () => {
    await using server = await startServer()
    const [ann, bob] = await Promise.all([server.connect(), server.connect()])
    await ann.subscribe('presence-cache-a', { user_id: '1' })
    expect(await ann.next()).toEqual(miss('presence-cache-a'))
    await bob.subscribe('presence-cache-a', { user_id: '2' })
    expect(await bob.next()).toEqual(miss('presence-cache-a'))
    expect(await ann.next()).toMatchObject({ event: 'pusher_internal:member_added' })
    await bob.close()
    expect(await ann.next()).toMatchObject({ event: 'pusher_internal:member_removed' })
    await ann.subscribe('presence-cache-a', { user_id: '1' })
    expect(await ann.next()).toEqual(miss('presence-cache-a'))
  })

  it('shows what it remembers to nobody who was refused', async () => {
    await using server = await startServer()
    await server.trigger('private-cache-a', 'e', 1)
    const client = await server.connect()
    client.send({ event: 'pusher:subscribe', data: { channel: 'private-cache-a', auth: 'no' } })
    expect(await client.next()).toMatchObject({ event: 'pusher:subscription_error' })
    await client.expectNothing()
  })

  it("is not another app's channel of the same name", async () => {
    const other = { id: '4', key: 'other', secret: 'other' }
    await using server = await startServer({ apps: [APP, other] })
    await server.trigger('cache-a', 'e', 1)
    const neighbour = await server
      .dial(server.wsUrl.replace(APP.key, other.key), {}, other)
      .established()
    await neighbour.subscribe('cache-a')
    expect(await neighbour.next()).toEqual(miss('cache-a'))
  })
})

it.each(['my-cache-x', 'cached-x', 'privateer-cache-x'])(
  'a channel whose name only resembles one remembers nothing: %s',
  async (channel) => {
    await using server = await startServer()
    await server.trigger(channel, 'e', 1)
    const client = await server.connect()
    await client.subscribe(channel)
    await client.expectNothing()
  },
)
