import { describe, expect, it } from 'vitest'
import { startRedis } from '../support/redis.ts'
import { app, hearing, published, said } from './listening.ts'

/** As RedisBroadcaster::broadcastMultipleChannelsScript, since Laravel 6.11. */
const BROADCAST_SCRIPT = `
for i = 2, #ARGV do
  redis.call('publish', ARGV[i], ARGV[1])
end
`

describe('the redis listener', () => {
  it('hears what Laravel publishes with PUBLISH', async () => {
    await using redis = await startRedis()
    await using laravel = await hearing(redis, app('laravel_database_'))
    await redis.client.publish('laravel_database_private-orders.1', published(1))
    expect(await laravel.event()).toEqual(said(1, 'private-orders.1'))
  })

  it('hears what Laravel publishes with EVAL, once per channel', async () => {
    await using redis = await startRedis()
    await using laravel = await hearing(redis, app('laravel-database-'))
    const channels = ['laravel-database-orders', 'laravel-database-presence-room']
    await redis.client.eval(BROADCAST_SCRIPT, 0, published(1), ...channels)
    expect(await laravel.event()).toEqual(said(1, 'orders'))
    expect(await laravel.event()).toEqual(said(1, 'presence-room'))
  })

  it('names the socket that is not to receive the event', async () => {
    await using redis = await startRedis()
    await using laravel = await hearing(redis, app('p_'))
    const payload = '{"event":"Said","data":{"id":1,"socket":"12.34"},"socket":"12.34"}'
    await redis.client.publish('p_orders', payload)
    expect(await laravel.event()).toEqual({ ...said(1, 'orders'), exceptSocketId: '12.34' })
  })

  it.each([
    ['a star', 'a*_', 'abc_'],
    ['a question mark', 'a?_', 'ab_'],
    ['a class', 'a[bc]_', 'ab_'],
    ['a backslash', 'a\\b_', 'ab_'],
    ['a backslash before a star', 'a\\*_', 'a*_'],
    ['letters beyond ASCII', 'caf\u00e9_', 'cafe_'],
  ])('takes %s in a prefix for itself', async (_, prefix, other) => {
    await using redis = await startRedis()
    await using laravel = await hearing(redis, app(prefix))
    await redis.client.publish(`${other}orders`, published(1))
    await redis.client.publish(`${prefix}orders`, published(2))
    expect(await laravel.event()).toEqual(said(2, 'orders'))
  })

  it('with an empty prefix picks the events out of what everybody else publishes', async () => {
    await using redis = await startRedis()
    await using laravel = await hearing(redis, app(''))
    await redis.client.config('SET', 'notify-keyspace-events', 'KEA')
    await redis.client.set('cache', '1') // __keyspace@0__:cache and __keyevent@0__:set
    await redis.client.publish('reverb', '{"type":"message","application":"x","payload":{}}')
    await redis.client.publish('app#trigger', '{"appId":"1","event":"e","data":"x"}')
    await redis.client.publish(Buffer.from([0, 1, 0xff, 0xfe]), Buffer.from([0, 0xff, 0x7b]))
    await redis.client.publish('garbage', Buffer.from([0, 0xff, 0x7b]))
    expect(await laravel.marker(redis, 'orders')).toEqual(said(0, 'orders'))
    expect(laravel.ignored.map(([, reason]) => reason)).toEqual([
      'channel_name',
      'channel_name',
      'malformed',
      'channel_name',
      'channel_name',
      'malformed',
    ])
  })

  it('tells apps apart by their prefixes, also where one begins with the other', async () => {
    await using redis = await startRedis()
    const apps = [app('shop_', 'shop'), app('blog_', 'blog'), app('blog_de_', 'german')]
    await using laravel = await hearing(redis, ...apps)
    await redis.client.publish('shop_orders', published(1))
    await redis.client.publish('blog_posts', published(2))
    await redis.client.publish('blog_de_posts', published(3))
    expect(await laravel.event()).toEqual(said(1, 'orders', 'shop'))
    expect(await laravel.event()).toEqual(said(2, 'posts', 'blog'))
    const both = [await laravel.event(), await laravel.event()]
    expect(both).toContainEqual(said(3, 'posts', 'german'))
    expect(both).toContainEqual(said(3, 'de_posts', 'blog'))
  })

  it('does not read what nobody wants', async () => {
    await using redis = await startRedis()
    await using laravel = await hearing(redis, app('p_'))
    laravel.wants = (appId, channel) => appId === 'app' && channel === 'wanted'
    await redis.client.publish('p_unwanted', 'not JSON')
    await redis.client.publish('p_unwanted', published(1))
    expect(await laravel.marker(redis, 'p_wanted')).toEqual(said(0, 'wanted'))
    expect(laravel.ignored).toEqual([])
  })

  it('counts what it ignores by app and reason, and goes on', async () => {
    await using redis = await startRedis()
    const small = { channelNameLength: 10, eventNameLength: 10, eventBytes: 100 }
    await using laravel = await hearing(redis, { ...app('a_', 'a'), limits: small }, app('b_', 'b'))
    await redis.client.publish('a_orders', 'not JSON')
    await redis.client.publish('b_not a name', published(1))
    await redis.client.publish('a_elevenchars', published(1))
    await redis.client.publish('b_#server-to-user-1', published(1))
    await redis.client.publish('a_orders', '{"event":"client-a","data":[],"socket":null}')
    await redis.client.publish('a_orders', '{"event":"more than ten","data":[],"socket":null}')
    await redis.client.publish('a_orders', `{"event":"e","data":"${'x'.repeat(100)}"}`)
    expect(await laravel.marker(redis, 'a_orders')).toEqual(said(0, 'orders', 'a'))
    expect(laravel.ignored).toEqual([
      ['a', 'malformed'],
      ['b', 'channel_name'],
      ['a', 'channel_name'],
      ['b', 'channel_name'],
      ['a', 'reserved_event'],
      ['a', 'event_name'],
      ['a', 'too_large'],
    ])
  })

  it('drops encrypted channels, warning once of each what to do instead', async () => {
    await using redis = await startRedis()
    await using laravel = await hearing(redis, app('p_'))
    await redis.client.publish('p_private-encrypted-a', published(1))
    await redis.client.publish('p_private-encrypted-a', published(2))
    await redis.client.publish('p_private-encrypted-b', published(3))
    expect(await laravel.marker(redis, 'p_private-a')).toEqual(said(0, 'private-a'))
    expect(laravel.ignored.map(([, reason]) => reason)).toEqual(Array(3).fill('encrypted'))
    expect(laravel.lines).toMatchObject([
      { level: 40, appId: 'app', channel: 'private-encrypted-a' },
      { level: 40, appId: 'app', channel: 'private-encrypted-b' },
    ])
    expect(laravel.lines[0]?.['remedy']).toMatch(/over the pusher or reverb connection/)
  })

  it('warns of a limited number of encrypted channels', async () => {
    await using redis = await startRedis()
    await using laravel = await hearing(redis, app('p_'))
    const pipeline = redis.client.pipeline()
    for (let i = 0; i < 150; i += 1) pipeline.publish(`p_private-encrypted-${i}`, published(i))
    await pipeline.exec()
    await laravel.marker(redis, 'p_orders')
    expect(laravel.ignored).toHaveLength(150)
    expect(laravel.lines).toHaveLength(100)
  })

  it('hands over what arrives together without a turn of the event loop in between', async () => {
    await using redis = await startRedis()
    await using laravel = await hearing(redis, app('p_'))
    const turns: number[] = []
    let turn = 0
    const { deliver } = laravel
    laravel.deliver = (event) => {
      turns.push(turn)
      queueMicrotask(() => (turn += 1))
      deliver(event)
    }
    const transaction = redis.client.multi()
    for (let i = 0; i < 50; i += 1) transaction.publish('p_orders', published(i))
    await transaction.exec()
    await laravel.until(() => laravel.events.length === 50)
    expect(turns).toEqual(Array(50).fill(0))
  })

  it('hears other apps from one moment to the next without losing what the others publish', async () => {
    await using redis = await startRedis()
    await using laravel = await hearing(redis, app('a_', 'a'), app('b_', 'b'))
    laravel.listener.listenTo([app('b_', 'b'), app('c_', 'c')])
    await redis.client.publish('b_orders', published(1))
    expect(await laravel.event()).toEqual(said(1, 'orders', 'b'))
    await expect.poll(() => laravel.listener.state.patterns).toEqual(['b_*', 'c_*'])
    await redis.client.publish('a_orders', published(2))
    await redis.client.publish('c_orders', published(3))
    expect(await laravel.event()).toEqual(said(3, 'orders', 'c'))
    expect(await redis.client.pubsub('NUMPAT')).toBe(2)
  })

  it('is not sent what an app publishes that was given up before Redis had answered for it', async () => {
    await using redis = await startRedis()
    await using laravel = await hearing(redis, app('a_', 'a'))
    laravel.listener.listenTo([app('a_', 'a'), app('b_', 'b')])
    laravel.listener.listenTo([app('a_', 'a')])
    await expect
      .poll(() => redis.client.call('INFO', 'commandstats'))
      .toMatch(/cmdstat_psubscribe:calls=2/)
    await expect.poll(() => redis.client.call('PUBSUB', 'NUMPAT')).toBe(1)
    expect(laravel.listener.state.patterns).toEqual(['a_*'])
  })

  it('loses no more than the one event that meets a fault of ours', async () => {
    await using redis = await startRedis()
    await using laravel = await hearing(redis, app('p_'))
    const { deliver } = laravel
    laravel.deliver = () => {
      laravel.deliver = deliver
      throw new Error('a fault')
    }
    await redis.client.publish('p_orders', published(1))
    await redis.client.publish('p_orders', published(2))
    expect(await laravel.event()).toEqual(said(2, 'orders'))
    expect(laravel.lines).toMatchObject([{ level: 50, err: { message: 'a fault' } }])
    expect(JSON.stringify(laravel.lines)).not.toContain('Said')
  })
})
