import { describe, expect, it } from 'vitest'
import { APP, deploy, REDIS_PREFIX } from '../support/deployment.ts'
import { listen, openPage, subscribed } from '../support/echo.ts'
import { ANN, startLaravel } from '../support/laravel.ts'
import { startRedis } from '../support/redis.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { laravelEnv } from '../support/snippets.ts'
import { TestLog } from '../support/test-log.ts'

describe('two servers on one Redis', () => {
  it('each deliver what Laravel publishes, and both leave out the sender', async () => {
    await using redis = await startRedis()
    const start = async () => {
      const log = new TestLog()
      const laravel = { redisUrl: redis.url, redisPrefix: REDIS_PREFIX }
      const server = await startServer({ app: { ...APP, laravel }, logger: log.logger })
      await log.line(/listening to Redis/)
      return server
    }
    await using first = await start()
    await using second = await start()
    const env = ({ port }: { port: number }) =>
      laravelEnv('redis', { REVERB_PORT: port, REDIS_PORT: redis.port })
    await using laravel = await startLaravel(await env(first))
    const open = async (server: TestServer) =>
      openPage({ setup: 'redis', env: await env(server), endpoint: server.url }, laravel)
    using onFirst = await open(first)
    using onSecond = await open(second)
    const news = [onFirst.echo.channel('news'), onSecond.echo.channel('news')] as const
    await Promise.all(news.map(subscribed))
    const toFirst = listen(news[0], '.Announcement')
    const toSecond = listen(news[1], '.Announcement')

    await laravel.post('/announcements', { text: 'to all' })
    await laravel.post(
      '/announcements',
      { text: 'to others', toOthers: true },
      { 'X-Socket-ID': onSecond.socketId },
    )
    await laravel.post('/announcements', { text: 'to all again' })
    await laravel.queueWork()

    expect(await toFirst.next()).toEqual({ text: 'to all' })
    expect(await toFirst.next()).toEqual({ text: 'to others' })
    expect(await toFirst.next()).toEqual({ text: 'to all again' })
    expect(await toSecond.next()).toEqual({ text: 'to all' })
    expect(await toSecond.next()).toEqual({ text: 'to all again' })
  })
})

describe("Laravel's other Redis client", () => {
  it('is heard like phpredis', async () => {
    await using deployment = await deploy('redis', { env: 'REDIS_CLIENT=predis' })
    using page = await deployment.open()
    const news = page.echo.channel('news')
    await subscribed(news)
    const published = listen(news, 'NewsPublished')

    await deployment.laravel.post('/news', { text: 'héllo/"🙂"' })

    expect(await published.next()).toEqual({ text: 'héllo/"🙂"' })
  })
})

describe('an event over several broadcast connections', () => {
  it('arrives over each', async () => {
    await using deployment = await deploy('redis')
    using page = await deployment.open()
    const news = page.echo.channel('news')
    await subscribed(news)
    const raised = listen(news, 'AlertRaised')

    await deployment.laravel.post('/alerts', { text: 'over both', via: ['redis', 'reverb'] })
    expect(await raised.next()).toEqual({ text: 'over both' })
    expect(await raised.next()).toEqual({ text: 'over both' })

    await deployment.laravel.post('/alerts', { text: 'over one', via: ['reverb'] })
    expect(await raised.next()).toEqual({ text: 'over one' })
  })
})

describe('an event from a queue in the same Redis', () => {
  it('is published by the worker, and kept from the page that caused it', async () => {
    await using deployment = await deploy('redis', { env: 'QUEUE_CONNECTION=redis' })
    const { laravel } = deployment
    using desk = await deployment.open(ANN)
    using phone = await deployment.open(ANN)
    const reports = [desk, phone].map(({ echo }) => echo.private('App.Models.User.1'))
    await Promise.all(reports.map(subscribed))
    const [toDesk, toPhone] = reports.map((channel) => listen(channel, 'ReportReady'))

    await laravel.post('/users/1/reports', { text: 'first' }, { 'X-Socket-ID': desk.socketId })
    await laravel.post('/users/1/reports', { text: 'second' })
    const done = await laravel.queueWork()

    expect(done.match(/App.Events.ReportReady .* DONE/g)).toHaveLength(2)
    expect(await toDesk?.next()).toEqual({ text: 'second' })
    expect(await toPhone?.next()).toEqual({ text: 'first' })
    expect(await toPhone?.next()).toEqual({ text: 'second' })
  })
})
