import { describe, expect, it, vi } from 'vitest'
import { deploy } from '../support/deployment.ts'
import { listen, subscribed } from '../support/echo.ts'
import { ANN, BEN, type Laravel } from '../support/laravel.ts'

const PATIENCE_MS = 10_000

/** What the application was told of a channel, and pusher-php-server has verified. */
async function toldOf(laravel: Laravel, channel: string, count: number): Promise<unknown[]> {
  return vi.waitFor(
    async () => {
      const all = await laravel.request('GET', '/webhooks')
      const told = Array.isArray(all) ? all.filter((event) => event.channel === channel) : []
      expect(told).toHaveLength(count)
      return told
    },
    { timeout: PATIENCE_MS, interval: 100 },
  )
}

describe('a Laravel app that is told by webhooks', () => {
  it('learns each kind of what happens, in order, and its SDK finds it signed', async () => {
    await using deployment = await deploy('reverb', {
      webhooks: true,
      app: { subscriptionCount: true },
    })
    const { laravel } = deployment
    const ann = await deployment.open(ANN)
    using ben = await deployment.open(BEN)
    const chat = ann.echo.join('chat.1')
    await subscribed(chat)
    const theirs = ben.echo.join('chat.1')
    await subscribed(theirs)
    const typing = listen(theirs, '.client-typing')
    chat.whisper('typing', { name: 'Ann' })
    await typing.next()
    await subscribed(ben.echo.channel('cache-news'))

    ann.echo.disconnect()
    await toldOf(laravel, 'presence-chat.1', 5)
    ben.echo.leave('chat.1')

    expect(await toldOf(laravel, 'presence-chat.1', 7)).toEqual([
      { name: 'channel_occupied', channel: 'presence-chat.1' },
      { name: 'member_added', channel: 'presence-chat.1', user_id: '1' },
      { name: 'member_added', channel: 'presence-chat.1', user_id: '2' },
      {
        name: 'client_event',
        channel: 'presence-chat.1',
        event: 'client-typing',
        data: '{"name":"Ann"}',
        socket_id: ann.socketId,
        user_id: '1',
      },
      { name: 'member_removed', channel: 'presence-chat.1', user_id: '1' },
      { name: 'member_removed', channel: 'presence-chat.1', user_id: '2' },
      { name: 'channel_vacated', channel: 'presence-chat.1' },
    ])
    expect(await toldOf(laravel, 'cache-news', 3)).toEqual([
      { name: 'channel_occupied', channel: 'cache-news' },
      { name: 'cache_miss', channel: 'cache-news' },
      { name: 'subscription_count', channel: 'cache-news', subscription_count: 1 },
    ])
  })

  it('refuses what is signed with another secret', async () => {
    await using deployment = await deploy('reverb')
    const { laravel } = deployment
    const headers = { 'X-Pusher-Key': 'my-key', 'X-Pusher-Signature': '0'.repeat(64) }
    const body = { time_ms: 1, events: [{ name: 'channel_occupied', channel: 'forged' }] }

    await expect(laravel.post('/webhooks', body, headers)).rejects.toThrow('403')

    expect(await laravel.request('GET', '/webhooks')).toEqual([])
  })
})
