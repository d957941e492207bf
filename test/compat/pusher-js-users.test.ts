import PusherSdk from 'pusher'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Inbox } from '../support/inbox.ts'
import {
  Application,
  BUILDS,
  hear,
  type Page,
  stubWorkerGlobals,
  subscribe,
} from '../support/pusher.ts'
import { APP, startServer } from '../support/server.ts'

const ANN = { id: '7', name: 'Ann' } as const
const BEN = { id: '9', name: 'Ben' } as const
const TEXT = 'héllo/"🙂"'

describe.each(BUILDS)("pusher-js' build for %s", (_, Build) => {
  beforeAll(stubWorkerGlobals)
  afterAll(() => vi.unstubAllGlobals())

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
      const app = new Application(server)
      using page = await app.open(Build, ANN, {
        channelAuthorization: {
          customHandler: ({ socketId, channelName }, done) =>
            done(null, app.sdk.authorizeChannel(socketId, channelName)),
        },
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
      const stranger = new PusherSdk({
        appId: APP.id,
        key: APP.key,
        secret: 'another',
        cluster: '',
      })
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
})

/** Signs a page in, and waits until what is sent to its user will reach it. */
async function signIn(page: Page): Promise<void> {
  page.pusher.signin()
  await signedIn(page)
}

async function signedIn({ pusher }: Page): Promise<void> {
  await pusher.user.signinDonePromise
  await hear(pusher.user.serverToUserChannel, 'pusher:subscription_succeeded').next()
}
