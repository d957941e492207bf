import PusherSdk from 'pusher'
import type { ChannelAuthorizationCallback } from 'pusher-js'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Application, BUILDS, hear, stubWorkerGlobals, subscribe } from '../support/pusher.ts'
import { APP, startServer } from '../support/server.ts'

const ANN = { id: '7', name: 'Ann' } as const
const BEN = { id: '9', name: 'Ben' } as const
const TEXT = 'héllo/"🙂"'

describe.each(BUILDS)("pusher-js' build for %s", (_, Build) => {
  beforeAll(stubWorkerGlobals)
  afterAll(() => vi.unstubAllGlobals())

  describe('connecting', () => {
    it('connects with a socket id, and takes the activity timeout from the server', async () => {
      await using server = await startServer({ activityTimeoutSeconds: 40 })
      using page = await new Application(server).open(Build)

      expect(page.pusher.connection.socket_id).toMatch(/^\d+\.\d+$/)
      expect(page.pusher.connection.activityTimeout).toBe(40_000)
    })

    it('gives up for good when no app has its key', async () => {
      await using server = await startServer()
      const pusher = new Build('another-key', new Application(server).pageOptions())
      const states = hear(pusher.connection, 'state_change')
      const errors = hear(pusher.connection, 'error')

      expect(await states.next()).toEqual({ previous: 'connecting', current: 'disconnected' })
      expect(await errors.next()).toEqual({
        type: 'WebSocketError',
        error: {
          type: 'PusherError',
          data: { code: 4001, message: 'Application does not exist: no app has this key.' },
        },
      })
      expect(pusher.connection.retryTimer ?? null).toBeNull()
    })

    it('comes back by itself when the server restarts, and subscribes to everything again', async () => {
      await using server = await startServer()
      const app = new Application(server)
      using page = await app.open(Build, ANN)
      const states = hear(page.pusher.connection, 'state_change')
      const channels = await Promise.all(
        ['news', 'private-orders', 'presence-chat'].map((name) => subscribe(page, name)),
      )
      const subscribedAgain = channels.map((channel) =>
        hear(channel, 'pusher:subscription_succeeded'),
      )
      const heard = channels.map((channel) => hear(channel, 'greeting'))
      const socketId = page.pusher.connection.socket_id

      const stopped = server.server.stop()
      await using restarted = await startServer({ port: server.port }) // before the page is refused
      await stopped

      expect(await states.next()).toEqual({ previous: 'connected', current: 'connecting' })
      expect(await states.next()).toEqual({ previous: 'connecting', current: 'connected' })
      await Promise.all(subscribedAgain.map((inbox) => inbox.next()))
      expect(page.pusher.connection.socket_id).not.toBe(socketId)
      await new Application(restarted).sdk.trigger(
        channels.map(({ name }) => name),
        'greeting',
        TEXT,
      )
      for (const inbox of heard) expect(await inbox.next()).toBe(TEXT)
      page.pusher.disconnect() // before the server it is connected to now
    })
  })

  describe('channels', () => {
    it('hears what the app publishes to a public channel, until it unsubscribes', async () => {
      await using server = await startServer()
      const app = new Application(server)
      using page = await app.open(Build)
      const inNews = hear(await subscribe(page, 'news'), 'greeting')

      await app.sdk.trigger('news', 'greeting', { text: TEXT })
      expect(await inNews.next()).toEqual({ text: TEXT })

      page.pusher.unsubscribe('news')
      const inOther = hear(await subscribe(page, 'other'), 'greeting')
      await app.sdk.trigger(['news', 'other'], 'greeting', { text: 'later' })
      expect(await inOther.next()).toEqual({ text: 'later' })
      expect(inNews.size).toBe(0)
    })

    it('is left out when the app excludes its socket id', async () => {
      await using server = await startServer()
      const app = new Application(server)
      using ann = await app.open(Build, ANN)
      using ben = await app.open(Build, BEN)
      const toAnn = hear(await subscribe(ann, 'news'), 'greeting')
      const toBen = hear(await subscribe(ben, 'news'), 'greeting')

      const { socket_id } = ann.pusher.connection
      await app.sdk.trigger('news', 'greeting', 'to others', { socket_id })
      await app.sdk.trigger('news', 'greeting', 'to all')

      expect(await toAnn.next()).toBe('to all')
      expect(await toBen.next()).toBe('to others')
    })

    it('enters a private channel that the app authorises', async () => {
      await using server = await startServer()
      const app = new Application(server)
      using page = await app.open(Build, ANN)
      const greetings = hear(await subscribe(page, 'private-orders'), 'greeting')

      await app.sdk.trigger('private-orders', 'greeting', TEXT)

      expect(await greetings.next()).toBe(TEXT)
    })

    it('reads an encrypted channel, which the server cannot', async () => {
      await using server = await startServer()
      const app = new Application(server)
      using page = await app.open(Build, ANN)
      const greetings = hear(await subscribe(page, 'private-encrypted-vault'), 'greeting')
      const eavesdropper = await server.connect()
      await eavesdropper.subscribe('private-encrypted-vault')

      await app.sdk.trigger('private-encrypted-vault', 'greeting', { text: TEXT })

      expect(await greetings.next()).toEqual({ text: TEXT })
      expect(await eavesdropper.next()).toEqual({
        event: 'greeting',
        channel: 'private-encrypted-vault',
        data: { nonce: expect.any(String), ciphertext: expect.any(String) },
      })
    })

    it.each(['cache-prices', 'private-cache-prices', 'presence-cache-prices'])(
      'is told that %s remembers nothing, or what it remembers',
      async (name) => {
        await using server = await startServer()
        const app = new Application(server)
        using ann = await app.open(Build, ANN)
        using ben = await app.open(Build, BEN)
        const missed = hear(ann.pusher.subscribe(name), 'pusher:cache_miss')
        expect(await missed.next()).toEqual({})

        await app.sdk.trigger(name, 'price', { euro: 3 })
        const prices = hear(ben.pusher.subscribe(name), 'price')

        expect(await prices.next()).toEqual({ euro: 3 })
      },
    )

    it('learns how many are subscribed, where the app wants it', async () => {
      await using server = await startServer({ app: { subscriptionCount: true } })
      const app = new Application(server)
      using ann = await app.open(Build, ANN)
      using ben = await app.open(Build, BEN)
      const news = ann.pusher.subscribe('news')
      const counts = hear(news, 'pusher:subscription_count')
      expect(await counts.next()).toEqual({ subscription_count: 1 })

      await subscribe(ben, 'news')

      expect(await counts.next()).toEqual({ subscription_count: 2 })
      expect(news.subscriptionCount).toBe(2)
    })
  })

  describe('refused subscriptions', () => {
    it.each<[string, string, Handler, { type: string; error: RegExp; status: number }]>([
      [
        'the app signs with another secret',
        'private-orders',
        signedWith({ ...credentials, secret: 'another' }),
        { type: 'AuthError', error: /^The signature does not match this channel/, status: 401 },
      ],
      [
        'the app signs with another key',
        'private-orders',
        signedWith({ ...credentials, key: 'another' }),
        { type: 'AuthError', error: /was made with another app key/, status: 401 },
      ],
      [
        'the app answers without a signature',
        'private-orders',
        (_, done) => done(null, { auth: '' }),
        { type: 'AuthError', error: /carries no signature/, status: 401 },
      ],
      [
        'the name of the channel is not allowed',
        'two words',
        signedWith(credentials),
        { type: 'InvalidChannel', error: /^A channel name has at most 200 of/, status: 4009 },
      ],
    ])('reach the channel when %s', async (_, name, customHandler, refusal) => {
      await using server = await startServer()
      using page = await new Application(server).open(Build, ANN, {
        channelAuthorization: { customHandler },
      })

      const refused = hear(page.pusher.subscribe(name), 'pusher:subscription_error')

      expect(await refused.next()).toEqual({
        ...refusal,
        error: expect.stringMatching(refusal.error),
      })
      expect(page.pusher.connection.state).toBe('connected')
    })
  })
})

const credentials: PusherSdk.Options = {
  appId: APP.id,
  key: APP.key,
  secret: APP.secret,
  cluster: '',
}

type Handler = (
  request: { socketId: string; channelName: string },
  done: ChannelAuthorizationCallback,
) => void

/** How an application with these credentials authorises. */
function signedWith(options: PusherSdk.Options): Handler {
  const sdk = new PusherSdk(options)
  return ({ socketId, channelName }, done) =>
    done(null, sdk.authorizeChannel(socketId, channelName))
}
