import Echo from 'laravel-echo'
import Pusher from 'pusher-js'
import { describe, expect, it } from 'vitest'
import { listen, subscribed } from '../support/echo.ts'
import { Inbox } from '../support/inbox.ts'
import { Application, type User } from '../support/pusher.ts'
import { startServer } from '../support/server.ts'
import type { Broadcaster } from '../support/snippets.ts'

const ANN = { id: '7', name: 'Ann' } as const
const BEN = { id: '9', name: 'Ben' } as const
const TEXT = 'héllo/"🙂"'

describe.each(['reverb', 'pusher'] as const)("Echo's broadcaster %s", (broadcaster) => {
  describe('listening', () => {
    it.each([
      ['OrderShipped', 'App\\Events\\OrderShipped'],
      ['Orders.Shipped', 'App\\Events\\Orders\\Shipped'],
      ['.server.created', 'server.created'],
      ['\\Shop\\OrderShipped', 'Shop\\OrderShipped'],
    ])('to %s hears %s', async (name, event) => {
      await using server = await startServer()
      const app = new Application(server)
      using page = open(broadcaster, app)
      const news = page.echo.channel('news')
      await subscribed(news)
      const heard = listen(news, name)

      await app.sdk.trigger('news', event, { text: TEXT })

      expect(await heard.next()).toEqual({ text: TEXT })
    })

    it('goes without a namespace where the page says so', async () => {
      await using server = await startServer()
      const app = new Application(server)
      using page = open(broadcaster, app, undefined, { namespace: false })
      const news = page.echo.channel('news')
      await subscribed(news)
      const heard = listen(news, 'Orders.Shipped')

      await app.sdk.trigger('news', 'Orders\\Shipped', TEXT)

      expect(await heard.next()).toBe(TEXT)
    })

    it('to all events gives their names as listen() takes them, until it stops', async () => {
      await using server = await startServer()
      const app = new Application(server)
      using page = open(broadcaster, app)
      const news = page.echo.channel('news')
      await subscribed(news)
      const all = new Inbox()
      news.listenToAll((name: string, data: unknown) => all.push([name, data]))
      const marks = listen(news, '.mark')

      await app.sdk.trigger('news', 'App\\Events\\OrderShipped', { text: TEXT })
      await app.sdk.trigger('news', 'server.created', 1)
      expect(await all.next()).toEqual(['OrderShipped', { text: TEXT }])
      expect(await all.next()).toEqual(['.server.created', 1])
      news.stopListeningToAll()
      await app.sdk.trigger('news', 'mark', {})
      await marks.next()

      expect(all.size).toBe(0)
    })

    it('stops for one callback, and leaves the others', async () => {
      await using server = await startServer()
      const app = new Application(server)
      using page = open(broadcaster, app)
      const news = page.echo.channel('news')
      await subscribed(news)
      const stopped = new Inbox()
      news.listen('OrderShipped', stopped.push)
      const heard = listen(news, 'OrderShipped')

      news.stopListening('OrderShipped', stopped.push)
      await app.sdk.trigger('news', 'App\\Events\\OrderShipped', TEXT)

      expect(await heard.next()).toBe(TEXT)
      expect(stopped.size).toBe(0)
    })

    it('for notifications hears the one event that they are sent as', async () => {
      await using server = await startServer()
      const app = new Application(server)
      using page = open(broadcaster, app, ANN)
      const user = page.echo.private('App.Models.User.7')
      await subscribed(user)
      const notified = new Inbox()
      user.notification(notified.push)

      await app.sdk.trigger(
        'private-App.Models.User.7',
        'Illuminate\\Notifications\\Events\\BroadcastNotificationCreated',
        { text: TEXT },
      )

      expect(await notified.next()).toEqual({ text: TEXT })
    })
  })

  describe('channels', () => {
    it.each([
      ['channel', 'orders', 'orders'],
      ['private', 'orders', 'private-orders'],
      ['encryptedPrivate', 'orders', 'private-encrypted-orders'],
      ['join', 'orders', 'presence-orders'],
      ['channel', 'cache-orders', 'cache-orders'],
      ['private', 'cache-orders', 'private-cache-orders'],
      ['encryptedPrivate', 'cache-orders', 'private-encrypted-cache-orders'],
      ['join', 'cache-orders', 'presence-cache-orders'],
    ] as const)('are opened by %s(%j) as %s', async (method, name, wireName) => {
      await using server = await startServer()
      const app = new Application(server)
      using page = open(broadcaster, app, ANN)
      const channel = page.echo[method](name)
      await subscribed(channel)
      const heard = listen(channel, 'OrderShipped')

      await app.sdk.trigger(wireName, 'App\\Events\\OrderShipped', { text: TEXT })

      expect(await heard.next()).toEqual({ text: TEXT })
    })

    it('are left in all their forms by one leave()', async () => {
      await using server = await startServer()
      const app = new Application(server)
      using page = open(broadcaster, app, ANN)
      await Promise.all(
        (['channel', 'private', 'encryptedPrivate', 'join'] as const).map((method) =>
          subscribed(page.echo[method]('orders')),
        ),
      )

      page.echo.leave('orders')
      await subscribed(page.echo.channel('later'))

      expect(await channelsOf(app)).toEqual({ channels: { later: {} } })
    })

    it('are left one by one by leaveChannel(), and all by leaveAllChannels()', async () => {
      await using server = await startServer()
      const app = new Application(server)
      using page = open(broadcaster, app, ANN)
      await subscribed(page.echo.channel('orders'))
      await subscribed(page.echo.private('orders'))

      page.echo.leaveChannel('private-orders')
      await subscribed(page.echo.channel('later'))
      expect(await channelsOf(app)).toEqual({ channels: { orders: {}, later: {} } })

      page.echo.leaveAllChannels()
      await subscribed(page.echo.channel('latest'))
      expect(await channelsOf(app)).toEqual({ channels: { latest: {} } })
    })

    it('tell .error() why the server keeps a page out', async () => {
      await using server = await startServer()
      using page = open(broadcaster, new Application(server), ANN, {
        channelAuthorization: {
          customHandler: (_: unknown, done: (error: null, answer: { auth: string }) => void) =>
            done(null, { auth: `${server.app.key}:${'0'.repeat(64)}` }),
        },
      })
      const errors = new Inbox()
      page.echo.private('orders').error(errors.push)

      expect(await errors.next()).toEqual({
        type: 'AuthError',
        error: expect.stringMatching(/^The signature does not match/),
        status: 401,
      })
    })
  })

  describe('presence', () => {
    it('tells who is here, who joins and who leaves', async () => {
      await using server = await startServer()
      const app = new Application(server)
      using ann = open(broadcaster, app, ANN)
      const { here, joining, leaving } = presenceOf(ann.echo.join('chat'))
      expect(await here.next()).toEqual([{ name: 'Ann' }])

      {
        using ben = open(broadcaster, app, BEN)
        const toBen = presenceOf(ben.echo.join('chat'))
        expect(await toBen.here.next()).toEqual([{ name: 'Ann' }, { name: 'Ben' }])
        expect(await joining.next()).toEqual({ name: 'Ben' })
      }

      expect(await leaving.next()).toEqual({ name: 'Ben' })
    })

    it('tells who is here again after a reconnect', async () => {
      await using server = await startServer()
      using page = open(broadcaster, new Application(server), ANN)
      const { here } = presenceOf(page.echo.join('chat'))
      expect(await here.next()).toEqual([{ name: 'Ann' }])

      const stopped = server.server.stop()
      await using _ = await startServer({ port: server.port }) // before the page is refused
      await stopped

      expect(await here.next()).toEqual([{ name: 'Ann' }])
      page.echo.disconnect() // before the server it is connected to now
    })

    it('tells .error() when the channel is full', async () => {
      await using server = await startServer({ app: { limits: { presenceMembers: 1 } } })
      const app = new Application(server)
      using ann = open(broadcaster, app, ANN)
      await subscribed(ann.echo.join('chat'))
      using ben = open(broadcaster, app, BEN)

      const errors = new Inbox()
      ben.echo.join('chat').error(errors.push)

      expect(await errors.next()).toEqual({
        type: 'LimitReached',
        error: 'The channel has its 1 members (limits.presenceMembers).',
        status: 4100,
      })
    })
  })

  describe('whispers', () => {
    it.each(['private', 'join'] as const)('reach the others of %s()', async (method) => {
      await using server = await startServer({ app: { clientEvents: true } })
      const app = new Application(server)
      using ann = open(broadcaster, app, ANN)
      using ben = open(broadcaster, app, BEN)
      const atAnn = ann.echo[method]('chat')
      const atBen = ben.echo[method]('chat')
      const toAnn = new Inbox()
      const toBen = new Inbox()
      atAnn.listenForWhisper('typing', toAnn.push)
      atBen.listenForWhisper('typing', toBen.push)
      await Promise.all([subscribed(atAnn), subscribed(atBen)])

      atAnn.whisper('typing', { name: TEXT })
      expect(await toBen.next()).toEqual({ name: TEXT })
      atBen.whisper('typing', { name: 'Ben' })

      expect(await toAnn.next()).toEqual({ name: 'Ben' })
      expect(toBen.size).toBe(0)
    })
  })

  describe('the connection', () => {
    it('has a socket id and a status, and tells when the status changes', async () => {
      await using server = await startServer()
      using page = open(broadcaster, new Application(server))
      const changes = new Inbox()
      page.echo.connector.onConnectionChange(changes.push)
      expect(page.echo.connectionStatus()).toBe('connecting')
      expect(page.echo.socketId()).toBeUndefined()

      expect(await changes.next()).toBe('connected')
      expect(page.echo.connectionStatus()).toBe('connected')
      expect(page.echo.socketId()).toMatch(/^\d+\.\d+$/)

      page.echo.disconnect()
      expect(page.echo.connectionStatus()).toBe('disconnected')
    })

    it('signs in, and hears what is sent to its user', async () => {
      await using server = await startServer()
      const app = new Application(server)
      using page = open(broadcaster, app, ANN)
      const { user } = page.echo.connector.pusher
      const greetings = new Inbox()
      user.bind('greeting', greetings.push)

      page.echo.connector.signin()
      await user.signinDonePromise
      await new Promise((resolve) =>
        user.serverToUserChannel.bind('pusher:subscription_succeeded', resolve),
      )
      await app.sdk.sendToUser('7', 'greeting', { text: TEXT })

      expect(await greetings.next()).toEqual({ text: TEXT })
    })
  })
})

/** Opens a page of the application. Disposing of it closes the tab. */
function open(
  broadcaster: Broadcaster,
  app: Application,
  user?: User,
  more: object = {},
): Disposable & { readonly echo: Echo<Broadcaster> } {
  const { cluster, userAuthentication, ...options } = app.pageOptions(user)
  const page = {
    ...options,
    key: app.key,
    Pusher,
    // Echo's types ask for an endpoint, which pusher-js leaves alone beside a handler.
    userAuthentication: { ...userAuthentication, endpoint: '', headers: {} },
    ...more,
  }
  const echo: Echo<Broadcaster> =
    broadcaster === 'pusher'
      ? new Echo<'pusher'>({ broadcaster, cluster, ...page })
      : new Echo<'reverb'>({ broadcaster, ...page })
  return { echo, [Symbol.dispose]: () => echo.disconnect() }
}

function presenceOf(channel: ReturnType<Echo<Broadcaster>['join']>) {
  const [here, joining, leaving] = [new Inbox(), new Inbox(), new Inbox()]
  channel.here(here.push).joining(joining.push).leaving(leaving.push)
  return { here, joining, leaving }
}

async function channelsOf({ sdk }: Application): Promise<unknown> {
  return (await sdk.get({ path: '/channels' })).json()
}
