/** Subscription counts: for apps that ask for them, on every kind of channel but presence. */
import { describe, expect, it } from 'vitest'
import type { TestClient } from '../support/client.ts'
import { ManualClock } from '../support/clock.ts'
import { startServer } from '../support/server.ts'

const count = (channel: string, subscriptionCount: number) => ({
  event: 'pusher_internal:subscription_count',
  channel,
  data: { subscription_count: subscriptionCount },
})

describe('the subscription count', () => {
  it('is not told unless the app asks for it', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('my-channel')
    await client.expectNothing()
  })

  it('follows the success of the subscription that changed it', async () => {
    await using server = await startServer({ app: { subscriptionCount: true } })
    const client = await server.connect()
    expect(await client.subscribe('my-channel')).toMatchObject({
      event: 'pusher_internal:subscription_succeeded',
    })
    expect(await client.nextText()).toBe(
      '{"event":"pusher_internal:subscription_count","channel":"my-channel","data":"{\\"subscription_count\\":1}"}',
    )
  })

  it('is told to every subscriber on each subscribe, unsubscribe and close', async () => {
    await using server = await startServer({ app: { subscriptionCount: true } })
    const [first, second, third] = await Promise.all([
      server.connect(),
      server.connect(),
      server.connect(),
    ])
    await first.subscribe('a')
    expect(await first.next()).toEqual(count('a', 1))
    await second.subscribe('a')
    expect(await second.next()).toEqual(count('a', 2))
    expect(await first.next()).toEqual(count('a', 2))
    await third.subscribe('a')
    for (const client of [first, second, third]) expect(await client.next()).toEqual(count('a', 3))
    third.unsubscribe('a')
    for (const client of [first, second]) expect(await client.next()).toEqual(count('a', 2))
    await second.close()
    expect(await first.next()).toEqual(count('a', 1))
    await third.expectNothing()
  })

  it('is not told when a subscription is repeated: it has not changed', async () => {
    await using server = await startServer({ app: { subscriptionCount: true } })
    const client = await server.connect()
    await client.subscribe('a')
    await client.next()
    await client.subscribe('a')
    await client.expectNothing()
  })

  it.each(['private-a', 'private-encrypted-a'])('is told on %s', async (channel) => {
    await using server = await startServer({ app: { subscriptionCount: true } })
    const client = await server.connect()
    await client.subscribe(channel)
    expect(await client.next()).toEqual(count(channel, 1))
  })

  it('comes after what a cache channel remembers', async () => {
    await using server = await startServer({ app: { subscriptionCount: true } })
    const client = await server.connect()
    await client.subscribe('cache-a')
    expect(await client.next()).toMatchObject({ event: 'pusher:cache_miss' })
    expect(await client.next()).toEqual(count('cache-a', 1))
  })

  it.each(['presence-a', 'presence-cache-a'])('is never told on %s', async (channel) => {
    await using server = await startServer({ app: { subscriptionCount: true } })
    const client = await server.connect()
    await client.subscribe(channel, { user_id: '7' })
    if (channel === 'presence-cache-a') await client.next()
    await client.expectNothing()
  })

  it('above 100 subscribers is told every 5 s, while it changes', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ app: { subscriptionCount: true }, clock })
    const clients: TestClient[] = []
    const join = async () => {
      const client = await server.connect()
      clients.push(client)
      await client.subscribe('a')
      return client
    }
    const first = await join()
    for (let others = 0; others < 99; others += 1) await join()
    for (let told = 1; told <= 100; told += 1) expect(await first.next()).toEqual(count('a', told))

    for (let others = 0; others < 3; others += 1) await join()
    await first.expectNothing()
    clock.advance(4999)
    await first.expectNothing()
    clock.advance(1)
    expect(await first.next()).toEqual(count('a', 103))
    clock.advance(5000)
    await first.expectNothing()

    for (const client of clients.slice(100)) client.unsubscribe('a')
    expect(await first.next(), 'back at 100, it is told at once').toEqual(count('a', 100))
    clock.advance(5000)
    await first.expectNothing()
  })
})
