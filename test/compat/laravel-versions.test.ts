import PusherSdk from 'pusher'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { StartedServer } from '../support/command.ts'
import { APP } from '../support/deployment.ts'
import { freePort } from '../support/free-port.ts'
import { type Laravel, startLaravel } from '../support/laravel.ts'
import { hear, nodeBuild, type Page, subscribe } from '../support/pusher.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { laravelEnv } from '../support/snippets.ts'

const TEXT = 'héllo/"🙂"'
/** The prefix that each version gives an application called "Chat Room" unless told otherwise. */
const PREFIXES = {
  '9': 'chat_room_database_',
  '11': 'chat_room_database_',
  '12': 'chat-room-database-',
} as const

/** A page that may subscribe to anything. */
function openPage(port: number): Page {
  const { id, key, secret } = APP
  const sdk = new PusherSdk({ appId: id, key, secret, host: '127.0.0.1' })
  const pusher = new nodeBuild(key, {
    cluster: '',
    wsHost: '127.0.0.1',
    wsPort: port,
    forceTLS: false,
    enabledTransports: ['ws'],
    channelAuthorization: {
      transport: 'ajax',
      endpoint: '',
      customHandler: ({ socketId, channelName }, done) =>
        done(null, sdk.authorizeChannel(socketId, channelName, { user_id: '1' })),
    },
  })
  return { pusher, [Symbol.dispose]: () => pusher.disconnect() }
}

describe.each(['9', '11', '12'] as const)('Laravel %s on the redis driver', (version) => {
  let env: string
  let redis: TestRedis
  let laravel: Laravel
  let server: StartedServer

  beforeAll(async () => {
    redis = await startRedis()
    const ports = { REVERB_SERVER_PORT: await freePort(), REDIS_PORT: redis.port }
    env = await laravelEnv('redis', ports)
    if (version === '9') env = env.replace('BROADCAST_CONNECTION', 'BROADCAST_DRIVER')
    laravel = await startLaravel(env, version)
    const { directory } = laravel
    server = await StartedServer.start(['--laravel', directory], {
      directory,
      environment: { RESOUND_PORT: undefined },
    })
    await server.logged('listening to Redis')
  })

  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    await laravel[Symbol.asyncDispose]()
    await redis[Symbol.asyncDispose]()
  })

  it('is found by the prefix that its own configuration makes', async () => {
    expect(
      await server.logged('the Redis prefix is derived, as the .env has no REDIS_PREFIX'),
    ).toMatchObject({ prefix: PREFIXES[version] })
  })

  it.each(['phpredis', 'predis'])(
    'publishes through %s on every kind of channel',
    async (client) => {
      await laravel.configure(`${env}\nREDIS_CLIENT=${client}`)
      using page = openPage(server.port)
      const published = hear(await subscribe(page, 'news'), 'App\\Events\\NewsPublished')
      const shipped = hear(await subscribe(page, 'private-orders.1'), 'App\\Events\\OrderShipped')
      const sent = hear(await subscribe(page, 'presence-chat.1'), 'App\\Events\\MessageSent')

      await laravel.post('/news', { text: TEXT })
      await laravel.post('/orders/1/ship', { text: TEXT })
      await laravel.post('/chat/1/messages', { text: TEXT })

      expect(await published.next()).toEqual({ text: TEXT })
      expect(await shipped.next()).toEqual({ order: 1, text: TEXT })
      expect(await sent.next()).toEqual({ text: TEXT })
    },
  )
})
