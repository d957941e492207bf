import { Agent } from 'node:http'
import PusherSdk from 'pusher'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import type { TestClient } from '../support/client.ts'
import { Application, hear, nodeBuild, subscribe, workerBuild } from '../support/pusher.ts'
import { startServer, type TestServer } from '../support/server.ts'

const ANN = { id: '7', name: 'Ann' } as const
const MASTER_KEY = Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString('base64')

const sdkOf = (server: TestServer, more: Partial<PusherSdk.BaseOptions> = {}): PusherSdk =>
  new PusherSdk({
    appId: server.app.id,
    key: server.app.key,
    secret: server.app.secret,
    host: server.host,
    port: String(server.port),
    encryptionMasterKeyBase64: MASTER_KEY,
    ...more,
  })

async function subscriber(server: TestServer, ...channels: string[]): Promise<TestClient> {
  const client = await server.connect()
  for (const channel of channels) await client.subscribe(channel)
  return client
}

describe("Pusher's server library for Node", () => {
  describe('trigger', () => {
    it('sends an object as JSON, and text as it is', async () => {
      await using server = await startServer()
      const client = await subscriber(server, 'a')
      const answer = await sdkOf(server).trigger('a', 'e', { text: 'é/"' })
      expect(await answer.json()).toEqual({})
      expect(await client.nextText()).toBe(
        '{"event":"e","channel":"a","data":"{\\"text\\":\\"é/\\\\\\"\\"}"}',
      )
      await sdkOf(server).trigger('a', 'e', 'hello')
      expect(await client.nextText()).toBe('{"event":"e","channel":"a","data":"hello"}')
    })

    it('sends to a hundred channels at once', async () => {
      await using server = await startServer()
      const client = await subscriber(server, 'c0', 'c99')
      const channels = Array.from({ length: 100 }, (_, index) => `c${index}`)
      await sdkOf(server).trigger(channels, 'e', 1)
      expect(await client.next()).toEqual({ event: 'e', channel: 'c0', data: 1 })
      expect(await client.next()).toEqual({ event: 'e', channel: 'c99', data: 1 })
    })

    it('leaves out one socket', async () => {
      await using server = await startServer()
      const [sender, other] = [await subscriber(server, 'a'), await subscriber(server, 'a')]
      await sdkOf(server).trigger('a', 'e', 1, { socket_id: sender.socketId })
      expect(await other.next()).toEqual({ event: 'e', channel: 'a', data: 1 })
      await sender.expectNothing()
    })

    it('is told how many there are', async () => {
      await using server = await startServer()
      const client = await server.connect()
      await client.subscribe('presence-a', { user_id: '1' })
      const answer = await sdkOf(server).trigger(['presence-a', 'presence-b'], 'e', 1, {
        info: 'user_count,subscription_count',
      })
      expect(await answer.json()).toEqual({
        channels: {
          'presence-a': { user_count: 1, subscription_count: 1 },
          'presence-b': { user_count: 0, subscription_count: 0 },
        },
      })
    })

    it('sends several events in a batch', async () => {
      await using server = await startServer()
      const client = await subscriber(server, 'a', 'b')
      const answer = await sdkOf(server).triggerBatch([
        { channel: 'a', name: 'first', data: { id: 1 }, info: 'subscription_count' },
        { channel: 'b', name: 'second', data: 'text', socket_id: client.socketId },
        { channel: 'b', name: 'third', data: [] },
      ])
      expect(await answer.json()).toEqual({ batch: [{ subscription_count: 1 }, {}, {}] })
      expect(await client.next()).toEqual({ event: 'first', channel: 'a', data: { id: 1 } })
      expect(await client.next()).toEqual({ event: 'third', channel: 'b', data: [] })
    })

    it('sends to a signed-in user', async () => {
      await using server = await startServer()
      const client = await server.connect()
      await client.signIn({ id: '7' })
      await client.subscribe('#server-to-user-7')
      expect(await (await sdkOf(server).sendToUser('7', 'e', { id: 1 })).json()).toEqual({})
      expect(await client.next()).toEqual({
        event: 'e',
        channel: '#server-to-user-7',
        data: { id: 1 },
      })
      await sdkOf(server).sendToUser('8', 'e', { id: 1 })
      await client.expectNothing()
    })
  })

  describe('questions', () => {
    it('are answered about all channels', async () => {
      await using server = await startServer()
      const sdk = sdkOf(server)
      const channels = async (params: PusherSdk.Params = {}): Promise<unknown> =>
        (await sdk.get({ path: '/channels', params })).json()
      expect(await channels()).toEqual({ channels: {} })
      const client = await subscriber(server, 'a')
      await client.subscribe('presence-b', { user_id: '1' })
      expect(await channels()).toEqual({ channels: { a: {}, 'presence-b': {} } })
      expect(
        await channels({ filter_by_prefix: 'presence-', info: 'user_count,subscription_count' }),
      ).toEqual({ channels: { 'presence-b': { user_count: 1, subscription_count: 1 } } })
    })

    it('are answered about one channel, and its users', async () => {
      await using server = await startServer()
      const sdk = sdkOf(server)
      const client = await server.connect()
      await client.subscribe('presence-a,b=c@d', { user_id: '1' })
      const path = '/channels/presence-a,b=c@d'
      const params = { info: 'user_count,subscription_count' }
      expect(await (await sdk.get({ path, params })).json()).toEqual({
        occupied: true,
        user_count: 1,
        subscription_count: 1,
      })
      expect(await (await sdk.get({ path: `${path}/users` })).json()).toEqual({
        users: [{ id: '1' }],
      })
      expect(await (await sdk.get({ path: '/connections' })).json()).toEqual({ connections: 1 })
    })

    it('share one connection where the agent keeps it', async () => {
      await using server = await startServer()
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      const sdk = sdkOf(server, { agent })
      await (await sdk.get({ path: '/channels' })).json()
      const [[first] = []] = Object.values(agent.freeSockets)
      await (await sdk.trigger('a', 'e', 1)).json()
      await (await sdk.get({ path: '/channels' })).json()
      expect(first).toBeDefined()
      expect(Object.values(agent.freeSockets)).toEqual([[first]])
      agent.destroy()
    })
  })

  it("terminates a user's connections", async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.signIn({ id: 'ann@example.com' })
    const answer = await sdkOf(server).terminateUserConnections('ann@example.com')
    expect(await answer.json()).toEqual({})
    expect(await client.closed).toMatchObject({ code: 4009 })
  })

  it('learns why it is refused', async () => {
    await using server = await startServer()
    await expect(sdkOf(server, { secret: 'another' }).trigger('a', 'e', 1)).rejects.toMatchObject({
      name: 'PusherRequestError',
      status: 401,
      body: JSON.stringify({
        error:
          "The signature does not match. Check the secret of app 3 in the Laravel app's .env, and that no proxy rewrites the path or query.",
        code: 401,
      }),
    })
    await expect(sdkOf(server).trigger('a', 'e', 'x'.repeat(102_401))).rejects.toMatchObject({
      status: 413,
    })
    await expect(sdkOf(server).get({ path: '/channels/a/users' })).rejects.toMatchObject({
      status: 400,
    })
  })

  describe('beside pusher-js', () => {
    beforeAll(() => {
      // What a worker, for which the build with encryption is, has and Node 20 has not.
      vi.stubGlobal('self', globalThis)
      vi.stubGlobal('WebSocket', WebSocket)
    })
    afterAll(() => vi.unstubAllGlobals())

    it('authorises channels and signs users in', async () => {
      await using server = await startServer()
      const app = new Application(server)
      using page = await app.open(nodeBuild, ANN)
      await subscribe(page, 'private-a')
      await subscribe(page, 'presence-b')
      const signedIn = hear(page.pusher, 'pusher:signin_success')
      page.pusher.signin()
      await signedIn.next()
      // pusher-js subscribes to the user's channel only now: what is sent before would be unheard.
      const isHeard = (): boolean =>
        [...server.server.hub.lives()].some(({ channels }) =>
          channels.has(`#server-to-user-${ANN.id}`),
        )
      await expect.poll(isHeard).toBe(true)
      const greetings = hear(page.pusher.user, 'greeting')
      await app.sdk.sendToUser(ANN.id, 'greeting', 'hello')
      expect(await greetings.next()).toBe('hello')
      const users = await app.sdk.get({ path: '/channels/presence-b/users' })
      expect(await users.json()).toEqual({ users: [{ id: '7' }] })
    })

    it('encrypts with its master key what only the page can read', async () => {
      await using server = await startServer()
      const app = new Application(server)
      using page = await app.open(workerBuild, ANN)
      const channel = await subscribe(page, 'private-encrypted-vault')
      const [single, batched] = [hear(channel, 'single'), hear(channel, 'batched')]
      const wire = await subscriber(server, 'private-encrypted-vault')
      await app.sdk.trigger('private-encrypted-vault', 'single', { text: 'é' })
      await app.sdk.triggerBatch([
        { channel: 'private-encrypted-vault', name: 'batched', data: { text: 'ü' } },
      ])
      expect(await single.next()).toEqual({ text: 'é' })
      expect(await batched.next()).toEqual({ text: 'ü' })
      for (const event of ['single', 'batched']) {
        expect(await wire.next()).toEqual({
          event,
          channel: 'private-encrypted-vault',
          data: { nonce: expect.any(String), ciphertext: expect.any(String) },
        })
      }
    })
  })
})
