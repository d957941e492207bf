import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { StartedServer } from '../support/command.ts'
import { APP } from '../support/deployment.ts'
import { freePort } from '../support/free-port.ts'
import { ANN, type Laravel, serveLaravel } from '../support/laravel.ts'
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

/** A page in a session of the application's, which asks the bridge with its cookie. */
function openPage(port: number, cookie: string): Page {
  const pusher = new nodeBuild(APP.key, {
    cluster: '',
    wsHost: '127.0.0.1',
    wsPort: port,
    forceTLS: false,
    enabledTransports: ['ws'],
    channelAuthorization: {
      transport: 'ajax',
      endpoint: '',
      customHandler: ({ socketId, channelName }, done) => {
        fetch(`http://127.0.0.1:${port}/apps/${APP.id}/auth`, {
          method: 'POST',
          headers: { cookie },
          body: new URLSearchParams({ socket_id: socketId, channel_name: channelName }),
        })
          .then((response) => response.json())
          .then(
            (answer) => done(null, answer),
            (error) => done(error, null),
          )
      },
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
    laravel = await serveLaravel(version)
    env = await laravelEnv('redis', {
      APP_URL: laravel.url,
      REDIS_PORT: redis.port,
      REVERB_SERVER_PORT: await freePort(),
    })
    if (version === '9') env = env.replace('BROADCAST_CONNECTION', 'BROADCAST_DRIVER')
    await laravel.configure(env)
    await laravel.artisan('migrate', '--force')
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
      using page = openPage(server.port, await laravel.login(ANN))
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
