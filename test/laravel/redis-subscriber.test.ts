import { describe, expect, it } from 'vitest'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { app, hearing, Listening, listen, published, said } from './listening.ts'

const CHECK_INTERVAL_MS = 5000

/** How many connections to a Redis are a listener's. */
async function connections(redis: TestRedis): Promise<number> {
  const clients = String(await redis.client.client('LIST'))
  return clients.split('\n').filter((client) => client.includes(' name=resound ')).length
}

describe('a listener’s connection to Redis', () => {
  it('is up when Redis has confirmed every pattern', async () => {
    await using redis = await startRedis()
    await using laravel = listen(redis.url, app('a_', 'a'), app('b_', 'b'))
    expect(laravel.listener.state).toEqual({
      isUp: false,
      patterns: [],
      lastMessageAgeSeconds: undefined,
      roundTripSeconds: undefined,
      lostSeconds: 0,
      reconnects: 0,
    })
    expect(await laravel.line('listening to Redis')).toEqual({
      level: 30,
      redis: `127.0.0.1:${redis.port}`,
      patterns: ['a_*', 'b_*'],
      msg: 'listening to Redis',
    })
    expect(laravel.listener.state).toMatchObject({ isUp: true, patterns: ['a_*', 'b_*'] })
  })

  it('tells how old the last message is and how long Redis took to answer', async () => {
    await using redis = await startRedis()
    await using laravel = await hearing(redis, app('a_'))
    await laravel.marker(redis, 'a_orders')
    laravel.clock.advance(CHECK_INTERVAL_MS)
    await expect.poll(() => laravel.listener.state.roundTripSeconds).toBeGreaterThan(0)
    expect(laravel.listener.state.lastMessageAgeSeconds).toBe(5)
  })

  it('comes back after a restart, saying once each what was lost and since when', async () => {
    await using redis = await startRedis()
    await using laravel = await hearing(redis, app('a_'))
    laravel.clock.advance(1000)
    await laravel.marker(redis, 'a_orders')
    laravel.clock.advance(1000)
    await redis.stop()
    expect(await laravel.line('Redis is unreachable')).toMatchObject({
      level: 50,
      code: 'RESOUND_REDIS_UNREACHABLE',
      reason: 'Redis closed the connection',
      remedy: expect.stringContaining('Start Redis'),
    })
    expect(laravel.listener.state).toMatchObject({ isUp: false, patterns: [] })

    laravel.clock.advance(2000)
    await redis.start()
    expect(await laravel.line('Redis is back')).toMatchObject({
      level: 40,
      patterns: ['a_*'],
      lostFrom: '2026-01-01T00:00:01.000Z',
      lostUntil: '2026-01-01T00:00:04.000Z',
      lostSeconds: 3,
    })
    await redis.client.publish('a_orders', published(1))
    expect(await laravel.event()).toEqual(said(1, 'orders'))
    expect(laravel.lines).toEqual([])
  })

  it('says so again when Redis goes away again', async () => {
    await using redis = await startRedis()
    await using laravel = await hearing(redis, app('a_'))
    for (let times = 0; times < 2; times += 1) {
      await redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await laravel.line('Redis is unreachable')
      await laravel.line('Redis is back')
      expect(await laravel.marker(redis, 'a_orders')).toEqual(said(0, 'orders'))
    }
    expect(laravel.lines).toEqual([])
  })

  it('may wait for a Redis that is not there yet', async () => {
    await using redis = await startRedis()
    await redis.stop()
    await using laravel = listen(redis.url.replace('127.0.0.1', 'localhost'), app('a_'))
    expect(await laravel.line('Redis is unreachable')).toMatchObject({
      code: 'RESOUND_REDIS_UNREACHABLE',
      reason: expect.stringContaining('ECONNREFUSED'),
    })
    laravel.clock.advance(2000)
    await redis.start()
    expect(await laravel.line('Redis is back')).toMatchObject({ lostSeconds: 2 })
    expect(await laravel.marker(redis, 'a_orders')).toEqual(said(0, 'orders'))
    expect(laravel.lines).toEqual([])
  })

  it('tells what to do about a wrong password, without showing it, and comes up once it is right', async () => {
    await using redis = await startRedis({ password: 'right' })
    await using laravel = listen(redis.urlFor(':wrong-password'), app('a_'))
    const line = await laravel.line('Redis refuses the connection')
    expect(JSON.stringify(line)).not.toContain('wrong-password')
    expect(line).toEqual({
      level: 50,
      redis: `127.0.0.1:${redis.port}`,
      code: 'RESOUND_REDIS_UNREACHABLE',
      reason: expect.stringContaining('WRONGPASS'),
      remedy: expect.stringContaining('Correct the user or password'),
      msg: expect.stringContaining('trying again'),
    })
    await redis.client.config('SET', 'requirepass', 'wrong-password')
    await laravel.line('Redis is back')
    expect(await laravel.marker(redis, 'a_orders')).toEqual(said(0, 'orders'))
    expect(laravel.lines).toEqual([])
  })

  it('tells what to do when a password is missing', async () => {
    await using redis = await startRedis({ password: 'right' })
    await using laravel = listen(redis.urlFor(''), app('a_'))
    expect(await laravel.line('Redis refuses the connection')).toMatchObject({
      reason: expect.stringContaining('NOAUTH'),
      remedy: expect.stringContaining('Correct the user or password'),
    })
  })

  it('does without the protocol that old servers do not know', async () => {
    await using redis = await startRedis({
      password: 'secret',
      settings: ['--rename-command', 'HELLO', ''],
    })
    await using laravel = await hearing(redis, app('a_'))
    expect(await laravel.marker(redis, 'a_orders')).toEqual(said(0, 'orders'))
    laravel.clock.advance(CHECK_INTERVAL_MS)
    await expect.poll(() => laravel.listener.state.roundTripSeconds).toBeGreaterThan(0)
    expect(laravel.lines).toEqual([])
  })

  it('shows no password that Redis repeats', async () => {
    await using redis = await startRedis({
      settings: ['--rename-command', 'HELLO', '', '--rename-command', 'AUTH', ''],
    })
    await using laravel = listen(redis.urlFor(':repeated-password'), app('a_'))
    const { reason } = await laravel.line('Redis refuses the connection')
    expect(reason).toMatch(/unknown command.*\*{8}/)
    expect(reason).not.toContain('repeated-password')
  })

  it('needs no more than what the remedy for a refused pattern allows a user', async () => {
    await using redis = await startRedis({
      users: [['ann', 'on', '>secret', 'resetchannels', '+psubscribe', '+ping', '&a_*']],
    })
    await using laravel = listen(redis.urlFor('ann:secret'), app('a_', 'a'), app('b_', 'b'))
    const { reason, remedy, pattern } = await laravel.line('Redis refuses the pattern')
    expect(pattern).toBe('b_*')
    expect(reason).toContain('NOPERM')
    const rules = /ACL SETUSER <user> (?<rules>.+)$/.exec(String(remedy))?.groups?.['rules']
    expect(rules).toBe('+psubscribe +punsubscribe +ping &b_*')
    await laravel.line('listening to Redis')
    expect(laravel.listener.state).toMatchObject({ isUp: false, patterns: ['a_*'] })
    expect(await laravel.marker(redis, 'a_orders')).toEqual(said(0, 'orders', 'a'))

    laravel.clock.advance(CHECK_INTERVAL_MS)
    await redis.client.acl('SETUSER', 'ann', ...String(rules).split(' '))
    laravel.clock.advance(CHECK_INTERVAL_MS)
    await laravel.line('Redis now allows the pattern')
    expect(laravel.listener.state.isUp).toBe(true)
    expect(await laravel.marker(redis, 'b_orders')).toEqual(said(0, 'orders', 'b'))
    expect(laravel.lines).toEqual([])
  })

  it('is given up and made anew when Redis is silent for two checks', async () => {
    await using redis = await startRedis()
    await using laravel = await hearing(redis, app('a_'))
    redis.pause()
    laravel.clock.advance(2 * CHECK_INTERVAL_MS)
    expect(laravel.lines).toEqual([])
    laravel.clock.advance(CHECK_INTERVAL_MS)
    expect(await laravel.line('Redis is unreachable')).toMatchObject({
      reason: 'no answer for 10 s',
    })
    redis.resume()
    expect(await laravel.line('Redis is back')).toMatchObject({ lostSeconds: 15 })
    expect(await laravel.marker(redis, 'a_orders')).toEqual(said(0, 'orders'))
    expect(await connections(redis)).toBe(1)
  })

  it('is given up when Redis accepts it and never says a word', async () => {
    await using redis = await startRedis()
    redis.pause()
    await using laravel = listen(redis.url, app('a_'))
    await expect
      .poll(() => {
        laravel.clock.advance(CHECK_INTERVAL_MS)
        return laravel.lines
      })
      .toMatchObject([{ reason: 'no answer for 10 s' }])
    redis.resume()
    await laravel.line('Redis is back')
    expect(await laravel.marker(redis, 'a_orders')).toEqual(said(0, 'orders'))
  })

  it('is kept while Redis is only slow', async () => {
    await using redis = await startRedis()
    await using laravel = await hearing(redis, app('a_'))
    redis.pause()
    laravel.clock.advance(2 * CHECK_INTERVAL_MS)
    redis.resume()
    expect(await laravel.marker(redis, 'a_orders')).toEqual(said(0, 'orders'))
    laravel.clock.advance(2 * CHECK_INTERVAL_MS)
    expect(await laravel.marker(redis, 'a_orders')).toEqual(said(0, 'orders'))
    expect(laravel.lines).toEqual([])
  })
})

describe('stopping a listener', () => {
  it('closes its connection and its timers, and may be asked for twice', async () => {
    await using redis = await startRedis()
    const laravel = await hearing(redis, app('a_'))
    expect(await connections(redis)).toBe(1)
    await Promise.all([laravel.listener.stop(), laravel.listener.stop()])
    await laravel.listener.stop()
    expect(laravel.clock.running).toBe(0)
    expect(laravel.listener.state).toMatchObject({ isUp: false, patterns: [] })
    await expect.poll(() => connections(redis)).toBe(0)
    await redis.client.publish('a_orders', published(1))
    expect(laravel.events).toEqual([])
    expect(laravel.lines).toEqual([])
  })

  it('leaves nothing behind at once after the start', async () => {
    await using redis = await startRedis()
    const before = sockets()
    await using laravel = listen(redis.url, app('a_'))
    await laravel.listener.stop()
    expect(sockets()).toEqual(before)
    expect(laravel.lines).toEqual([])
  })

  it('leaves nothing behind while Redis does not answer', async () => {
    await using redis = await startRedis()
    const before = sockets()
    redis.pause()
    await using laravel = listen(redis.url, app('a_'))
    await expect.poll(sockets).toEqual([...before, 'TCPSocketWrap'])
    await laravel.listener.stop()
    expect(sockets()).toEqual(before)
    expect(laravel.lines).toEqual([])
  })

  it('leaves nothing behind between two attempts to connect', async () => {
    await using redis = await startRedis()
    await redis.stop()
    const before = sockets()
    await using laravel = listen(redis.url, app('a_'))
    await laravel.line('Redis is unreachable')
    await laravel.listener.stop()
    expect(sockets()).toEqual(before)
  })

  it('is possible before it was started', async () => {
    await using redis = await startRedis()
    const laravel = new Listening(redis.url, [app('a_')])
    await laravel.listener.stop()
    expect(await connections(redis)).toBe(0)
    expect(laravel.lines).toEqual([])
  })
})

const sockets = (): readonly string[] =>
  process.getActiveResourcesInfo().filter((resource) => resource.startsWith('TCP'))
