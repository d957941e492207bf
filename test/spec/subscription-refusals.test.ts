/** Subscriptions that are refused: what the client is told, and that nothing changes. */
import { describe, expect, it } from 'vitest'
import type { TestClient } from '../support/client.ts'
import { metricOf } from '../support/metrics.ts'
import { APP, startServer } from '../support/server.ts'

const succeeded = (channel: string) => ({
  event: 'pusher_internal:subscription_succeeded',
  channel,
  data: {},
})

const subscriptionError = (channel: string, type: string, error: string, status: number) => ({
  event: 'pusher:subscription_error',
  channel,
  data: { type, error, status },
})

async function ask(client: TestClient, data: object) {
  client.send({ event: 'pusher:subscribe', data })
  return client.next()
}

describe('a subscription is refused', () => {
  it('with an error that Echo can tie to its channel, and no pusher:error beside it', async () => {
    await using server = await startServer()
    const client = await server.connect()
    client.send({ event: 'pusher:subscribe', data: { channel: 'private-a', auth: 'k:s' } })
    expect(await client.nextText()).toBe(
      '{"event":"pusher:subscription_error","channel":"private-a","data":{"type":"AuthError","error":"The signature for private-a was made with another app key than this connection\'s.","status":401}}',
    )
    await client.expectNothing()
  })

  it.each([
    'private-a',
    'private-cache-a',
    'private-encrypted-a',
    'private-encrypted-cache-a',
    'presence-a',
    'presence-cache-a',
  ])('without a signature, where the kind wants one: %s', async (channel) => {
    await using server = await startServer()
    const client = await server.connect()
    const channelData = '{"user_id":"7"}'
    for (const auth of [undefined, '', `${APP.key}:${'0'.repeat(64)}`, client.sign('private-b')]) {
      expect(await ask(client, { channel, auth, channel_data: channelData })).toMatchObject({
        event: 'pusher:subscription_error',
        channel,
        data: { type: 'AuthError', status: 401 },
      })
    }
    await server.trigger(channel, 'e', {})
    await client.expectNothing()
  })

  it("with another connection's signature", async () => {
    await using server = await startServer()
    const [client, other] = await Promise.all([server.connect(), server.connect()])
    expect(await ask(client, { channel: 'private-a', auth: other.sign('private-a') })).toEqual(
      subscriptionError(
        'private-a',
        'AuthError',
        "The signature does not match this channel and socket. The app's secret and the server's may differ.",
        401,
      ),
    )
  })

  it.each([
    ['an empty name', ''],
    ['a space', 'my channel'],
    ['a colon', 'a:b'],
    ['a line break', 'a\nb'],
    ['a letter beyond ASCII', 'caf\u00e9'],
    ['a lone surrogate', 'a\ud800'],
    ['a reserved name', '#news'],
    ['a user channel without a user', '#server-to-user-'],
    ['a wildcard', 'private-*'],
  ])('for its name: %s', async (_what, channel) => {
    await using server = await startServer()
    const client = await server.connect()
    expect(await ask(client, { channel, auth: client.sign(channel) })).toEqual(
      subscriptionError(
        channel,
        'InvalidChannel',
        'A channel name has at most 200 of the characters A-Z a-z 0-9 _ - = @ , . ;',
        4009,
      ),
    )
  })

  it('for a name of 201 characters, and not for one of 200', async () => {
    await using server = await startServer()
    const client = await server.connect()
    const longest = 'private-'.padEnd(200, 'x')
    expect(await client.subscribe(longest)).toEqual(succeeded(longest))
    expect(await client.subscribe(`${longest}x`)).toMatchObject({
      event: 'pusher:subscription_error',
      channel: `${longest}x`,
      data: { type: 'InvalidChannel', status: 4009 },
    })
  })

  it('for one channel more than a connection may have', async () => {
    await using server = await startServer({ limits: { subscriptionsPerConnection: 3 } })
    const client = await server.connect()
    for (const channel of ['a', 'b', 'c']) await client.subscribe(channel)
    const full = subscriptionError(
      'd',
      'LimitReached',
      'This connection has its 3 subscriptions (limits.subscriptionsPerConnection).',
      4301,
    )
    expect(await client.subscribe('d')).toEqual(full)
    expect(await client.subscribe('a'), 'one it already has').toEqual(succeeded('a'))

    client.unsubscribe('a')
    expect(await client.subscribe('d')).toEqual(succeeded('d'))
    const other = await server.connect()
    expect(await other.subscribe('a')).toEqual(succeeded('a'))
  })

  it("by its app's own limits, where it has them", async () => {
    await using server = await startServer({
      limits: { subscriptionsPerConnection: 3, channelNameLength: 10 },
      app: { limits: { subscriptionsPerConnection: 1 } },
    })
    const client = await server.connect()
    await client.subscribe('a')
    expect(await client.subscribe('b')).toMatchObject({ data: { type: 'LimitReached' } })
    expect(await client.subscribe('a'.repeat(11))).toMatchObject({
      data: { type: 'InvalidChannel' },
    })
  })

  it('without changing anything, and is counted by reason', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await ask(client, { channel: 'private-a', auth: 'wrong' })
    await ask(client, { channel: 'a b' })
    expect(await server.request('GET', '/channels')).toMatchObject({ body: { channels: {} } })
    const refused = 'resound_subscribe_refused_total'
    expect(await metricOf(server, refused, { reason: 'signature' })).toBe(1)
    expect(await metricOf(server, refused, { reason: 'name' })).toBe(1)
  })
})
