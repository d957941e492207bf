/** What holds over several nodes and their Redis, and cannot be seen on one. */
import { describe, expect, it } from 'vitest'
import type { TestClient } from '../support/client.ts'
import { TestEndpoint } from '../support/endpoint.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { startServer, type TestServer, type TestServerOptions } from '../support/server.ts'

const ROOM = 'presence-room'

const node = (redis: TestRedis, options: TestServerOptions = {}): Promise<TestServer> =>
  startServer({ nodes: 1, ...options, redis: { url: redis.url, ...options.redis } })

const TOLD = ['channel_occupied', 'channel_vacated', 'member_added', 'member_removed'] as const

const memberAdded = (userId: string) => ({
  event: 'pusher_internal:member_added',
  channel: ROOM,
  data: { user_id: userId, user_info: null },
})
const memberRemoved = (userId: string) => ({
  event: 'pusher_internal:member_removed',
  channel: ROOM,
  data: { user_id: userId },
})

/** Proves that nothing has come to a client that is on its way from one of these nodes. */
async function expectNothing(client: TestClient, ...nodes: readonly TestServer[]): Promise<void> {
  for (const { server } of [...nodes, ...nodes]) await server.group?.echo()
  await client.expectNothing()
}

interface Scene {
  readonly here: TestServer
  readonly there: TestServer
  /** On the other node than the member, of whom it has been told. */
  readonly watcher: TestClient
  readonly member: TestClient
}

/** Two nodes, with user 7 on the first. */
async function onTwoNodes(
  lingerSeconds: number,
  play: (scene: Scene) => Promise<void>,
): Promise<void> {
  await using redis = await startRedis()
  const presence = { lingerSeconds }
  await using here = await node(redis, { presence })
  await using there = await node(redis, { presence })
  const watcher = await there.connect()
  await watcher.subscribe(ROOM, { user_id: 'watcher' })
  const member = await here.connect()
  await member.subscribe(ROOM, { user_id: '7' })
  expect(await watcher.next()).toEqual(memberAdded('7'))
  await play({ here, there, watcher, member })
  await watcher.close()
}

describe('a member whose connection broke', () => {
  it('has never left when they are back on another node in time', () =>
    onTwoNodes(5, async ({ here, there, watcher, member }) => {
      member.terminate()
      await member.closed
      const back = await there.connect()
      await back.subscribe(ROOM, { user_id: '7' })
      await expectNothing(watcher, here, there)
      await back.close()
      await here.server.stop() // what lingers there is not waited for
    }))

  it('is gone when the time is over', () =>
    onTwoNodes(1, async ({ here, there, watcher, member }) => {
      member.terminate()
      await member.closed
      await expectNothing(watcher, here, there)
      expect(await watcher.next()).toEqual(memberRemoved('7'))
    }))

  it('is gone at once when they said goodbye', () =>
    onTwoNodes(60, async ({ watcher, member }) => {
      await member.close(1001)
      expect(await watcher.next()).toEqual(memberRemoved('7'))
    }))
})

describe('a node that stops', () => {
  it('leaves no member behind, and shows none as gone who comes to another one', async () => {
    await using redis = await startRedis()
    const presence = { lingerSeconds: 2 }
    await using stays = await node(redis, { presence })
    const watcher = await stays.connect()
    await watcher.subscribe(ROOM, { user_id: 'watcher' })
    await using stops = await node(redis, { presence })
    const moved = await stops.connect()
    await moved.subscribe(ROOM, { user_id: 'moves' })
    const lost = await stops.connect()
    await lost.subscribe(ROOM, { user_id: 'stays away' })
    expect(await watcher.next()).toEqual(memberAdded('moves'))
    expect(await watcher.next()).toEqual(memberAdded('stays away'))
    await stops.server.stop()
    expect(await moved.closed).toMatchObject({ code: 4200 })
    const back = await stays.connect()
    await back.subscribe(ROOM, { user_id: 'moves' })
    expect(await watcher.next()).toEqual(memberRemoved('stays away'))
    await expectNothing(watcher, stays)
    expect((await stays.request('GET', `/channels/${ROOM}/users`)).body).toEqual({
      users: expect.arrayContaining([{ id: 'watcher' }, { id: 'moves' }]),
    })
    await watcher.close()
    await back.close()
  })
})

describe('webhooks of several nodes', () => {
  const webhooks = { graceSeconds: 1, batchMilliseconds: 0 }
  const told = (endpoint: TestEndpoint) => ({
    webhooks: [{ url: endpoint.url, allowPrivateAddress: true, events: [...TOLD] }],
  })
  const added = (userId: string) => ({ name: 'member_added', channel: ROOM, user_id: userId })
  const removed = (userId: string) => ({ name: 'member_removed', channel: ROOM, user_id: userId })
  const occupied = { name: 'channel_occupied', channel: ROOM }
  const vacated = { name: 'channel_vacated', channel: ROOM }

  it('tell nothing of who comes back on another node before the grace is over', async () => {
    await using redis = await startRedis()
    await using endpoint = await TestEndpoint.start()
    const options = { webhooks, app: told(endpoint) }
    await using here = await node(redis, options)
    await using there = await node(redis, options)
    const first = await here.connect()
    await first.subscribe(ROOM, { user_id: '7' })
    await first.close()
    await here.server.group?.echo()
    const second = await there.connect()
    await second.subscribe(ROOM, { user_id: '7' })
    await second.subscribe('marker')
    expect(await endpoint.eventsUntil(3)).toEqual([
      occupied,
      added('7'),
      { name: 'channel_occupied', channel: 'marker' },
    ])
    await second.close()
    const events = await endpoint.eventsUntil(6)
    expect(events.slice(3)).toEqual(expect.arrayContaining([removed('7'), vacated]))
  })

  it('tell once what a node left behind, though it told nobody itself', async () => {
    await using redis = await startRedis()
    await using endpoint = await TestEndpoint.start()
    const options = { webhooks, app: told(endpoint), presence: { lingerSeconds: 1 } }
    await using here = await node(redis, options)
    await using there = await node(redis, options)
    const client = await here.connect()
    await client.subscribe(ROOM, { user_id: '7' })
    expect(await endpoint.eventsUntil(2)).toEqual([occupied, added('7')])
    await here.server.stop()
    const events = await endpoint.eventsUntil(4)
    expect(events.slice(2)).toEqual(expect.arrayContaining([removed('7'), vacated]))
    await there.server.group?.echo()
    expect(endpoint.events).toHaveLength(4)
  })
})

describe('two groups on one Redis', () => {
  it('hear and know nothing of each other', async () => {
    await using redis = await startRedis()
    await using ours = await node(redis, { redis: { keyPrefix: 'resound:' } })
    await using theirs = await node(redis, { redis: { keyPrefix: 'resound:theirs:' } })
    const [ann, bob] = [await ours.connect(), await theirs.connect()]
    await ann.subscribe(ROOM, { user_id: '1' })
    await bob.subscribe(ROOM, { user_id: '2' })
    await ours.trigger(ROOM, 'said', 1)
    expect(await ann.next()).toEqual({ event: 'said', channel: ROOM, data: 1 })
    await expectNothing(ann, ours, theirs)
    await expectNothing(bob, ours, theirs)
    expect((await theirs.request('GET', '/connections')).body).toEqual({ connections: 1 })
    expect(ours.server.group?.state.nodes).toBe(1)
  })
})

describe('without its Redis', () => {
  it('a node delivers here, lets clients in, and says who was not told', async () => {
    await using redis = await startRedis()
    await using server = await node(redis)
    const ann = await server.connect()
    await ann.subscribe(ROOM, { user_id: '1' })
    await redis.stop()
    const refused = {
      status: 503,
      body: {
        error: 'The other nodes may not have got this: Redis does not answer. Try again.',
        code: 503,
      },
    }
    expect(await server.trigger(ROOM, 'said', 1)).toMatchObject(refused)
    expect(await ann.next()).toEqual({ event: 'said', channel: ROOM, data: 1 })
    const bob = await server.connect()
    expect(await bob.subscribe(ROOM, { user_id: '2' })).toMatchObject({
      event: 'pusher_internal:subscription_succeeded',
      data: { presence: { count: 2 } },
    })
    expect(await ann.next()).toEqual(memberAdded('2'))
    expect(await server.request('GET', '/channels')).toMatchObject({ status: 503 })
    await bob.close()
    await ann.expectNothing() // nobody is announced as gone because Redis is
    await redis.start()
    expect(await ann.next()).toEqual(memberRemoved('2'))
    expect(await server.trigger(ROOM, 'said', 2)).toMatchObject({ status: 200 })
    await ann.close()
  })

  it('and one that starts is there, and joins the group when Redis is', async () => {
    await using redis = await startRedis()
    await redis.stop()
    await using server = await node(redis)
    expect((await fetch(`${server.url}/ready`)).status).toBe(503)
    const client = await server.connect()
    await client.subscribe('news')
    await redis.start()
    await expect.poll(async () => (await fetch(`${server.url}/ready`)).status).toBe(200)
    expect((await server.request('GET', '/channels')).body).toEqual({ channels: { news: {} } })
  })
})
