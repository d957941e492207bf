import { describe, expect, it } from 'vitest'
import { APP, deploy, REDIS_PREFIX } from '../support/deployment.ts'
import { listen, openPage, subscribed } from '../support/echo.ts'
import { startLaravel } from '../support/laravel.ts'
import { startRedis } from '../support/redis.ts'
import { startServer } from '../support/server.ts'
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
    using onFirst = await openPage('reverb', await env(first), laravel)
    using onSecond = await openPage('reverb', await env(second), laravel)
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
    await using deployment = await deploy('redis', 'REDIS_CLIENT=predis')
    using page = await deployment.open()
    const news = page.echo.channel('news')
    await subscribed(news)
    const published = listen(news, 'NewsPublished')

    await deployment.laravel.post('/news', { text: 'héllo/"🙂"' })

    expect(await published.next()).toEqual({ text: 'héllo/"🙂"' })
  })
})
