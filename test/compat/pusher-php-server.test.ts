import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Deployment, deploy } from '../support/deployment.ts'
import { listen, type Page, subscribed } from '../support/echo.ts'
import { ANN, BEN } from '../support/laravel.ts'

describe("pusher-php-server, Laravel's SDK", () => {
  let deployment: Deployment

  beforeAll(async () => {
    deployment = await deploy('pusher')
  })

  afterEach(() => deployment.server.expectEmpty())

  afterAll(() => deployment[Symbol.asyncDispose]())

  /** Calls a method of the SDK in the application, and gives its result. */
  const sdk = (method: string, ...args: readonly unknown[]) =>
    deployment.laravel.post(`/sdk/${method}`, args)

  const inNews = async (page: Page) => {
    const news = page.echo.channel('news')
    await subscribed(news)
    return { hello: listen(news, '.hello'), bye: listen(news, '.bye') }
  }

  it('triggers one event on several channels, leaving out a socket', async () => {
    using first = await deployment.open()
    using second = await deployment.open()
    const toFirst = await inNews(first)
    const toSecond = await inNews(second)

    const others = { socket_id: first.socketId }
    expect(await sdk('trigger', ['news', 'nobody-here'], 'hello', { n: 1 }, others)).toEqual({
      result: {},
    })
    await sdk('trigger', 'news', 'hello', 'text', {})

    expect(await toFirst.hello.next()).toBe('text')
    expect(await toSecond.hello.next()).toEqual({ n: 1 })
    expect(await toSecond.hello.next()).toBe('text')
  })

  it('triggers a batch', async () => {
    using page = await deployment.open()
    const { hello, bye } = await inNews(page)

    const batch = [
      { channel: 'news', name: 'hello', data: { n: 1 } },
      { channel: 'news', name: 'bye', data: '["é"]' },
    ]
    expect(await sdk('triggerBatch', batch)).toEqual({ result: true })

    expect(await hello.next()).toEqual({ n: 1 })
    expect(await bye.next()).toEqual(['é'])
  })

  // As ReverbConnections of laravel/reverb does, the recorder behind the connections card.
  it("counts the connections for Laravel Pulse, the SDK's own get('/connections')", async () => {
    using _page = await deployment.open()
    using _tab = await deployment.open()

    expect(await sdk('get', '/connections')).toMatchObject({
      result: { status: 200, result: { connections: 2 } },
    })
  })

  it('lists no channels where there are none', async () => {
    expect(await sdk('get_channels')).toEqual({ result: { channels: [] } })
  })

  it('lists the channels that are occupied', async () => {
    using ann = await deployment.open(ANN)
    using ben = await deployment.open(BEN)
    await Promise.all([
      subscribed(ann.echo.channel('news')),
      subscribed(ann.echo.join('chat.1')),
      subscribed(ben.echo.join('chat.1')),
    ])

    expect(await sdk('get_channels')).toEqual({
      result: { channels: { news: {}, 'presence-chat.1': {} } },
    })
    const presence = { filter_by_prefix: 'presence-', info: 'user_count' }
    expect(await sdk('get_channels', presence)).toEqual({
      result: { channels: { 'presence-chat.1': { user_count: 2 } } },
    })
  })

  it('says of one channel who is there', async () => {
    using ann = await deployment.open(ANN)
    using laptop = await deployment.open(ANN)
    using ben = await deployment.open(BEN)
    for (const { echo } of [ann, laptop, ben]) await subscribed(echo.join('chat.1'))

    expect(
      await sdk('get_channel_info', 'presence-chat.1', { info: 'user_count,subscription_count' }),
    ).toEqual({ result: { occupied: true, user_count: 2, subscription_count: 3 } })
    expect(await sdk('get_users_info', 'presence-chat.1')).toEqual({
      result: { users: [{ id: '1' }, { id: '2' }] },
    })
    expect(await sdk('get_channel_info', 'nobody-here')).toEqual({ result: { occupied: false } })
  })
})

describe('a Laravel app with a wrong secret', () => {
  it('is told so where its developer reads it', async () => {
    await using deployment = await deploy('reverb', { env: 'REVERB_APP_SECRET=wrong' })

    await expect(deployment.laravel.post('/news', { text: 'lost' })).rejects.toThrow(
      /Pusher error: \{"error":".*signature.*","code":401\}/i,
    )
  })
})
