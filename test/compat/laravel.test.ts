import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Deployment, deploy } from '../support/deployment.ts'
import { listen, subscribed } from '../support/echo.ts'
import { Inbox } from '../support/inbox.ts'
import { ANN, BEN, type Laravel, type Person } from '../support/laravel.ts'

const TEXT = 'héllo/"🙂"'

describe.each(['pusher', 'reverb', 'redis'] as const)(
  'a Laravel app that broadcasts through %s',
  (driver) => {
    let deployment: Deployment
    let laravel: Laravel

    beforeAll(async () => {
      deployment = await deploy(driver)
      laravel = deployment.laravel
    })

    afterEach(() => deployment.server.expectEmpty())

    afterAll(() => deployment[Symbol.asyncDispose]())

    const open = (person?: Person) => deployment.open(person)

    it('reaches a public channel', async () => {
      using page = await open()
      const news = page.echo.channel('news')
      await subscribed(news)
      const published = listen(news, 'NewsPublished')

      await laravel.post('/news', { text: TEXT })

      expect(await published.next()).toEqual({ text: TEXT })
    })

    it('reaches every channel of an event, the private one through its own authorisation', async () => {
      using page = await open(ANN)
      const order = page.echo.private('orders.1')
      const shipments = page.echo.channel('shipments')
      await Promise.all([subscribed(order), subscribed(shipments)])
      const inOrder = listen(order, 'OrderShipped')
      const inShipments = listen(shipments, 'OrderShipped')

      await laravel.post('/orders/1/ship', { text: TEXT })

      expect(await inOrder.next()).toEqual({ order: 1, text: TEXT })
      expect(await inShipments.next()).toEqual({ order: 1, text: TEXT })
    })

    it('shows a presence channel who is here, and who comes and goes', async () => {
      using ann = await open(ANN)
      const chat = ann.echo.join('chat.1')
      const here = new Inbox()
      const joining = new Inbox()
      const leaving = new Inbox()
      chat.here(here.push).joining(joining.push).leaving(leaving.push)
      expect(await here.next()).toEqual([{ name: 'Ann' }])

      {
        using ben = await open(BEN)
        const hereToBen = new Inbox()
        ben.echo.join('chat.1').here(hereToBen.push)
        expect(await hereToBen.next()).toEqual([{ name: 'Ann' }, { name: 'Ben' }])
        expect(await joining.next()).toEqual({ name: 'Ben' })
      }
      expect(await leaving.next()).toEqual({ name: 'Ben' })
    })

    it('keeps what it sends toOthers() from the page that it came from', async () => {
      using ann = await open(ANN)
      using ben = await open(BEN)
      const chats = [ann.echo.join('chat.1'), ben.echo.join('chat.1')] as const
      await Promise.all(chats.map(subscribed))
      const toAnn = listen(chats[0], 'MessageSent')
      const toBen = listen(chats[1], 'MessageSent')

      const fromAnn = { 'X-Socket-ID': ann.socketId }
      await laravel.post('/chat/1/messages', { text: 'to others', toOthers: true }, fromAnn)
      await laravel.post('/chat/1/messages', { text: 'to all' }, fromAnn)

      expect(await toAnn.next()).toEqual({ text: 'to all' })
      expect(await toBen.next()).toEqual({ text: 'to others' })
      expect(await toBen.next()).toEqual({ text: 'to all' })
    })

    it('keeps a queued event from the page that caused it', async () => {
      using desk = await open(ANN)
      using phone = await open(ANN)
      const channels = [
        desk.echo.private('App.Models.User.1'),
        phone.echo.private('App.Models.User.1'),
      ] as const
      await Promise.all(channels.map(subscribed))
      const toDesk = listen(channels[0], 'ReportReady')
      const toPhone = listen(channels[1], 'ReportReady')

      await laravel.post('/users/1/reports', { text: 'first' }, { 'X-Socket-ID': desk.socketId })
      await laravel.post('/users/1/reports', { text: 'second' })
      const done = await laravel.queueWork()

      expect(done.match(/App.Events.ReportReady .* DONE/g)).toHaveLength(2)
      expect(await toDesk.next()).toEqual({ text: 'second' })
      expect(await toPhone.next()).toEqual({ text: 'first' })
      expect(await toPhone.next()).toEqual({ text: 'second' })
    })

    it('reaches Echo under a name of its own, with an empty payload', async () => {
      using page = await open()
      const news = page.echo.channel('news')
      await subscribed(news)
      const cleared = listen(news, '.cache.cleared')

      await laravel.post('/cache/clear')

      expect(await cleared.next()).toEqual([])
    })

    it('delivers a notification', async () => {
      using page = await open(ANN)
      const user = page.echo.private('App.Models.User.1')
      await subscribed(user)
      const notified = new Inbox()
      user.notification(notified.push)

      await laravel.post('/users/1/invoices', { text: TEXT })
      await laravel.queueWork()

      expect(await notified.next()).toEqual({
        text: TEXT,
        type: 'App\\Notifications\\InvoicePaid',
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      })
    })

    it('delivers an anonymous event', async () => {
      using page = await open()
      const news = page.echo.channel('news')
      await subscribed(news)
      const announced = listen(news, '.Announcement')

      await laravel.post('/announcements', { text: TEXT })
      await laravel.queueWork()

      expect(await announced.next()).toEqual({ text: TEXT })
    })

    it('broadcasts what happens to a model', async () => {
      await laravel.post('/posts', { title: 'Draft' })
      await laravel.queueWork()
      using page = await open(ANN)
      const post = page.echo.private('App.Models.Post.1')
      await subscribed(post)
      const updated = listen(post, '.PostUpdated')
      const deleted = listen(post, '.PostDeleted')

      await laravel.request('PUT', '/posts/1', { title: TEXT })
      await laravel.queueWork()
      await laravel.request('DELETE', '/posts/1')

      const model = { id: 1, title: TEXT }
      const sent = { model, connection: null, queue: null, afterCommit: false }
      expect(await updated.next()).toEqual(sent)
      expect(await deleted.next()).toEqual(sent)
    })
  },
)
