/** Webhooks as Pusher's server library for Node reads them. */
import PusherSdk from 'pusher'
import { describe, expect, it } from 'vitest'
import { type Posted, TestEndpoint } from '../support/endpoint.ts'
import { APP, startServer } from '../support/server.ts'

const sdkWith = (secret: string = APP.secret): PusherSdk =>
  new PusherSdk({ appId: APP.id, key: APP.key, secret, host: 'not.asked' })

/** What a framework hands to the library: header names in lower case, and the exact body. */
const read = (sdk: PusherSdk, { headers, body }: Posted): PusherSdk.WebHook =>
  sdk.webhook({ headers, rawBody: body })

describe("Pusher's server library for Node", () => {
  it('accepts a webhook, and reads its time and its events of every kind', async () => {
    await using endpoint = await TestEndpoint.start()
    await using server = await startServer({
      webhooks: { graceSeconds: 0, batchMilliseconds: 0 },
      app: {
        clientEvents: true,
        webhooks: [{ url: endpoint.url, allowPrivateAddress: true }],
      },
    })
    const before = Date.now()
    const client = await server.connect()
    await client.subscribe('private-cache-a')
    await client.subscribe('presence-a', { user_id: '7' })
    client.send({ event: 'client-x', channel: 'presence-a', data: { é: '/' } })
    client.unsubscribe('presence-a')
    await endpoint.eventsUntil(8)

    const webhooks = endpoint.posted.map((posted) => read(sdkWith(), posted))
    for (const webhook of webhooks) {
      expect(webhook.isValid()).toBe(true)
      expect(webhook.getTime().getTime()).toBeGreaterThanOrEqual(before)
      expect(webhook.getTime().getTime()).toBeLessThanOrEqual(Date.now())
    }
    expect(webhooks.flatMap((webhook) => webhook.getEvents())).toEqual([
      { name: 'channel_occupied', channel: 'private-cache-a' },
      { name: 'cache_miss', channel: 'private-cache-a' },
      { name: 'subscription_count', channel: 'private-cache-a', subscription_count: 1 },
      { name: 'channel_occupied', channel: 'presence-a' },
      { name: 'member_added', channel: 'presence-a', user_id: '7' },
      {
        name: 'client_event',
        channel: 'presence-a',
        event: 'client-x',
        data: '{"é":"/"}',
        socket_id: client.socketId,
        user_id: '7',
      },
      { name: 'member_removed', channel: 'presence-a', user_id: '7' },
      { name: 'channel_vacated', channel: 'presence-a' },
    ])
  })

  it('refuses one that was changed, or is of another app', async () => {
    await using endpoint = await TestEndpoint.start()
    await using server = await startServer({
      app: { webhooks: [{ url: endpoint.url, allowPrivateAddress: true }] },
    })
    await (await server.connect()).subscribe('a')
    const posted = await endpoint.next()
    expect(read(sdkWith(), posted).isValid()).toBe(true)
    expect(read(sdkWith('another'), posted).isValid()).toBe(false)
    const changed = { ...posted, body: posted.body.replace('"a"', '"b"') }
    expect(read(sdkWith(), changed).isValid()).toBe(false)
  })
})
