/** Canaries: what `health` sends through a server leaves no trace in what its apps see. */
import { describe, expect, it } from 'vitest'
import { TestEndpoint } from '../support/endpoint.ts'
import { startServer } from '../support/server.ts'

const CANARY = '#resound-canary-0123456789abcdef'

const ALL_WEBHOOKS = { webhooks: { graceSeconds: 0, batchMilliseconds: 0 } }

describe('a canary', () => {
  it('comes back, leg by leg', async () => {
    await using server = await startServer()
    const { failure, milliseconds, legs } = await server.server.canary(5000)
    expect(failure).toBeNull()
    for (const leg of Object.values(legs)) {
      expect(leg).toBeGreaterThan(0)
      expect(leg).toBeLessThanOrEqual(milliseconds)
    }
    await server.expectEmpty()
  })

  it('is in no list and no count while it is there', async () => {
    await using server = await startServer({ app: { subscriptionCount: true } })
    const client = await server.connect()
    await client.subscribe('news')
    expect(await client.next()).toMatchObject({ event: 'pusher_internal:subscription_count' })
    client.send({
      event: 'pusher:subscribe',
      data: { channel: CANARY, auth: client.sign(CANARY) },
    })
    expect(await client.next()).toEqual({
      event: 'pusher_internal:subscription_succeeded',
      channel: CANARY,
      data: {},
    })
    await server.settled()
    const { body } = await server.request('GET', '/channels', {
      query: { info: 'subscription_count' },
    })
    expect(body).toEqual({ channels: { news: { subscription_count: 1 } } })
    await server.trigger(CANARY, 'canary', {})
    expect(await client.next()).toMatchObject({ event: 'canary', channel: CANARY })
    await client.expectNothing()
  })

  it('is told to no webhook', async () => {
    await using endpoint = await TestEndpoint.start()
    await using server = await startServer({
      ...ALL_WEBHOOKS,
      app: { webhooks: [{ url: endpoint.url, allowPrivateAddress: true }] },
    })
    expect(await server.server.canary(5000)).toMatchObject({ failure: null })
    await server.expectEmpty()
    await server.settled()
    const client = await server.connect()
    await client.subscribe('news')
    await client.close()
    const events = await endpoint.eventsUntil(3)
    expect(new Set(events.map(({ channel }) => channel))).toEqual(new Set(['news']))
  })

  it('cannot be hidden behind: the app has to sign it', async () => {
    await using server = await startServer()
    const client = await server.connect()
    client.send({ event: 'pusher:subscribe', data: { channel: CANARY } })
    expect(await client.next()).toMatchObject({
      event: 'pusher:subscription_error',
      channel: CANARY,
      data: { type: 'AuthError', status: 401 },
    })
  })

  it.each([
    ['pages of one origin only', { allowedOrigins: ['https://shop.example'] }],
    ['short names', { limits: { channelNameLength: 6 } }],
  ])('is not refused by an app with %s', async (_what, app) => {
    await using server = await startServer({ app })
    expect(await server.server.canary(5000)).toMatchObject({ failure: null })
  })

  it('goes to an app that is enabled and has room', async () => {
    const app = (id: string, more = {}) => ({ id, key: `key-${id}`, secret: 's', ...more })
    await using server = await startServer({
      nodes: 1,
      apps: [app('1', { enabled: false }), app('2', { maxConnections: 1 }), app('3')],
    })
    expect(await server.server.canary(5000)).toMatchObject({ failure: null })
    const lives = [...server.server.hub.lives()].filter(({ tally }) => tally.opened > 0)
    expect(lives.map(({ app: { id } }) => id)).toEqual(['3'])
  })
})
