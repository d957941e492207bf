import PusherSdk from 'pusher'
import type { ChannelAuthorizationCallback } from 'pusher-js'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { Inbox } from '../support/inbox.ts'
import {
  Application,
  hear,
  nodeBuild,
  type Page,
  subscribe,
  workerBuild,
} from '../support/pusher.ts'
import { APP, startServer } from '../support/server.ts'

const ANN = { id: '7', name: 'Ann' } as const
const BEN = { id: '9', name: 'Ben' } as const
const TEXT = 'héllo/"🙂"'

describe.each([
  { build: 'Node', Build: nodeBuild },
  { build: 'worker, with encryption', Build: workerBuild },
])("pusher-js' build for $build", ({ Build }) => {
  beforeAll(() => {
    // What a worker has and Node 20 has not.
    vi.stubGlobal('self', globalThis)
    vi.stubGlobal('WebSocket', WebSocket)
  })
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

  describe('presence', () => {
    it('knows each user once, however many pages they have open', async () => {
      await using server = await startServer()
      const app = new Application(server)
      using ann = await app.open(Build, ANN)
      using laptop = await app.open(Build, BEN)
      const chat = ann.pusher.subscribe('presence-chat')
      const here = hear(chat, 'pusher:subscription_succeeded')
      const added = hear(chat, 'pusher:member_added')
      const removed = hear(chat, 'pusher:member_removed')
      expect(await here.next()).toMatchObject({
        count: 1,
        members: { 7: { name: 'Ann' } },
        me: { id: '7', info: { name: 'Ann' } },
      })

      await subscribe(laptop, 'presence-chat')
      expect(await added.next()).toEqual({ id: '9', info: { name: 'Ben' } })
      using phone = await app.open(Build, BEN)
      const hereToPhone = hear(
        phone.pusher.subscribe('presence-chat'),
        'pusher:subscription_succeeded',
      )
      expect(await hereToPhone.next()).toMatchObject({
        count: 2,
        members: { 7: { name: 'Ann' }, 9: { name: 'Ben' } },
        me: { id: '9', info: { name: 'Ben' } },
      })
      laptop.pusher.disconnect()
      phone.pusher.unsubscribe('presence-chat')

      expect(await removed.next()).toEqual({ id: '9', info: { name: 'Ben' } })
      expect([added.size, removed.size]).toEqual([0, 0])
    })

    it('is present as the user who is signed in, where the app sends no channel_data', async () => {
      await using server = await startServer()
      using page = await new Application(server).open(Build, ANN, {
        channelAuthorization: { customHandler: signedWith(credentials) },
      })
      page.pusher.signin()
      const here = hear(page.pusher.subscribe('presence-chat'), 'pusher:subscription_succeeded')

      expect(await here.next()).toMatchObject({ count: 1, me: { id: '7' } })
    })
  })

  describe('client events', () => {
    it('reach the others, on a presence channel with the id of who sent them', async () => {
      await using server = await startServer({ app: { clientEvents: true } })
      const app = new Application(server)
      using ann = await app.open(Build, ANN)
      using ben = await app.open(Build, BEN)
      for (const [name, sender] of [
        ['private-chat', {}],
        ['presence-chat', { user_id: '7' }],
      ] as const) {
        const fromAnn = await subscribe(ann, name)
        const toAnn = hear(fromAnn, 'client-typing')
        const toBen = new Inbox()
        const atBen = await subscribe(ben, name)
        atBen.bind('client-typing', (data: unknown, sender: unknown) =>
          toBen.push({ data, sender }),
        )

        fromAnn.trigger('client-typing', { text: TEXT })
        expect(await toBen.next()).toEqual({ data: { text: TEXT }, sender })
        atBen.trigger('client-typing', 'to Ann')

        expect(await toAnn.next()).toBe('to Ann')
        expect(toBen.size).toBe(0)
      }
    })

    it.each([
      ['the app does not want them', {}, 'private-chat', /does not have client events enabled/],
      [
        'the channel is public',
        { clientEvents: true },
        'chat',
        /for private and presence channels/,
      ],
      [
        'they come too fast',
        { clientEvents: true, limits: { clientEventsPerSecond: 1 } },
        'private-chat',
        /^More than 1 client events in a second\.$/,
      ],
    ])('are refused on an open connection when %s', async (_, settings, name, message) => {
      await using server = await startServer({ app: settings })
      using page = await new Application(server).open(Build, ANN)
      const errors = hear(page.pusher.connection, 'error')
      const channel = await subscribe(page, name)

      for (let sent = 0; sent < 3; sent += 1) channel.trigger('client-typing', {})

      expect(await errors.next()).toEqual({
        type: 'PusherError',
        data: { code: 4301, message: expect.stringMatching(message) },
      })
      expect(page.pusher.connection.state).toBe('connected')
    })
  })

  describe('users', () => {
    it('receives what the app sends to its user, on every page', async () => {
      await using server = await startServer()
      const app = new Application(server)
      using desk = await app.open(Build, ANN)
      using phone = await app.open(Build, ANN)
      using ben = await app.open(Build, BEN)
      await Promise.all([desk, phone, ben].map(signIn))
      const toDesk = hear(desk.pusher.user, 'greeting')
      const toPhone = hear(phone.pusher.user, 'greeting')
      const toBen = hear(ben.pusher.user, 'greeting')

      await app.sdk.sendToUser('7', 'greeting', { text: TEXT })
      await app.sdk.sendToUser('9', 'greeting', 'to Ben')

      expect(await toDesk.next()).toEqual({ text: TEXT })
      expect(await toPhone.next()).toEqual({ text: TEXT })
      expect(await toBen.next()).toBe('to Ben')
    })

    it('is told when those on its watchlist come online and go', async () => {
      await using server = await startServer()
      const app = new Application(server)
      using watcher = await app.open(Build, { ...ANN, watchlist: ['9', '11'] })
      const online = hear(watcher.pusher.user.watchlist, 'online')
      const offline = hear(watcher.pusher.user.watchlist, 'offline')
      await signIn(watcher)
      expect(await offline.next()).toEqual({ name: 'offline', user_ids: ['9', '11'] })

      {
        using ben = await app.open(Build, BEN)
        await signIn(ben)
        expect(await online.next()).toEqual({ name: 'online', user_ids: ['9'] })
      }

      expect(await offline.next()).toEqual({ name: 'offline', user_ids: ['9'] })
    })

    it('is signed in again when the server comes back', async () => {
      await using server = await startServer()
      using page = await new Application(server).open(Build, ANN)
      await signIn(page)
      const greetings = hear(page.pusher.user, 'greeting')
      const connected = hear(page.pusher.connection, 'connected')

      const stopped = server.server.stop()
      await using restarted = await startServer({ port: server.port }) // before the page is refused
      await stopped
      await connected.next()
      await signedIn(page)
      await new Application(restarted).sdk.sendToUser('7', 'greeting', TEXT)

      expect(await greetings.next()).toBe(TEXT)
      page.pusher.disconnect() // before the server it is connected to now
    })

    it('learns why a sign-in is refused', async () => {
      await using server = await startServer()
      const stranger = new PusherSdk({ ...credentials, secret: 'another' })
      using page = await new Application(server).open(Build, ANN, {
        userAuthentication: {
          customHandler: ({ socketId }, done) =>
            done(null, stranger.authenticateUser(socketId, ANN)),
        },
      })
      const errors = hear(page.pusher.connection, 'error')

      page.pusher.signin()

      expect(await errors.next()).toEqual({
        type: 'PusherError',
        data: {
          code: 4009,
          message: expect.stringMatching(/^The sign-in's signature does not match\./),
        },
      })
    })

    it('stays away when the app terminates its user', async () => {
      await using server = await startServer()
      const app = new Application(server)
      using page = await app.open(Build, ANN)
      await signIn(page)
      const states = hear(page.pusher.connection, 'state_change')

      await app.sdk.terminateUserConnections('7')

      expect(await states.next()).toEqual({ previous: 'connected', current: 'disconnected' })
      expect(page.pusher.connection.retryTimer ?? null).toBeNull()
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

/** Signs a page in, and waits until what is sent to its user will reach it. */
async function signIn(page: Page): Promise<void> {
  page.pusher.signin()
  await signedIn(page)
}

async function signedIn({ pusher }: Page): Promise<void> {
  await pusher.user.signinDonePromise
  await hear(pusher.user.serverToUserChannel, 'pusher:subscription_succeeded').next()
}
