import Echo, { type EchoOptions } from 'laravel-echo'
import PusherJs from 'pusher-js'
import { describe, expect, it, vi } from 'vitest'
import { resound, StartedServer } from '../support/command.ts'
import { Directory } from '../support/directory.ts'
import { listen, subscribed } from '../support/echo.ts'
import { freePort } from '../support/free-port.ts'
import { Inbox } from '../support/inbox.ts'
import { ANN, startLaravel } from '../support/laravel.ts'
import { socketIoClient, startLaravelEchoServer } from '../support/laravel-echo-server.ts'
import { Page } from '../support/page.ts'
import { startRedis } from '../support/redis.ts'

const PAGE = new Page('from-laravel-echo-server.md')
const PREFIX = 'my_app_database_'

/** A text of the page with the addresses of a test in place of its own. */
function at(text: string, to: { port: number; redisPort: number; app: string }): string {
  return text
    .replaceAll('6001', String(to.port))
    .replaceAll('6379', String(to.redisPort))
    .replaceAll('https://my-app.example', to.app)
    .replaceAll('"/broadcasting/auth"', '"/api/broadcasting/auth"') // where the tests' app takes tokens
}

/** The options that a script of the page gives Echo. */
function echoOptions(script: string): EchoOptions<'reverb'> {
  let given: EchoOptions<'reverb'> | undefined
  const window = { location: { hostname: '127.0.0.1', protocol: 'http:' } }
  const constructed = class {
    constructor(options: EchoOptions<'reverb'>) {
      given = options
    }
  }
  new Function('Echo', 'Pusher', 'window', script.replace(/^import .*$/gm, ''))(
    constructed,
    PusherJs,
    window,
  )
  if (given === undefined) throw new Error('the script makes no Echo')
  return given
}

function disposable<E extends { disconnect(): void }>(echo: E): Disposable & { readonly echo: E } {
  return { echo, [Symbol.dispose]: () => echo.disconnect() }
}

/** The page's channels, and what comes in on two of them. */
function open(echo: Echo<'reverb'> | Echo<'socket.io'>) {
  const order = echo.private('orders.1')
  const shipments = echo.channel('shipments')
  const here = new Inbox()
  echo.join('chat.1').here(here.push)
  const inboxes = [order, shipments].map((channel) => listen(channel, 'OrderShipped'))
  return { channels: [order, shipments], here, inboxes }
}

describe('the page about moving from laravel-echo-server', () => {
  it('moves a Laravel app on the redis driver, which itself stays as it is', async () => {
    await using redis = await startRedis()
    const env = ['BROADCAST_CONNECTION=redis', `REDIS_PORT=${redis.port}`, `REDIS_PREFIX=${PREFIX}`]
    await using laravel = await startLaravel(env.join('\n'))
    const auth = { headers: { Authorization: `Bearer ${await laravel.token(ANN)}` } }
    const ship = () => laravel.post('/orders/1/ship', { text: 'moved' })
    const place = async () => ({ port: await freePort(), redisPort: redis.port, app: laravel.url })

    const before = await place()
    const theirs = at(PAGE.block('json', '"authHost"'), before)
    {
      await using _ = await startLaravelEchoServer(theirs.replace('null', '"127.0.0.1"'))
      const host = `http://127.0.0.1:${before.port}`
      const client = await socketIoClient()
      using page = disposable(new Echo({ broadcaster: 'socket.io', host, client, auth }))
      const { here, inboxes } = open(page.echo)
      expect(await here.next()).toEqual([expect.objectContaining({ name: 'Ann' })])
      // It does not tell the page when it is in a channel: what came before that is lost.
      await vi.waitFor(async () => {
        await ship()
        for (const inbox of inboxes) expect(inbox.size).toBeGreaterThan(0)
      }, 10_000)
      for (const inbox of inboxes) expect(await inbox.next()).toEqual({ order: 1, text: 'moved' })
    }

    const after = await place()
    const ours = at(PAGE.block('json', '"redisPrefix"'), after)
    using directory = new Directory({ 'resound.json': ours })
    const checked = await resound(PAGE.command('config check').args, { directory: directory.path })
    expect(checked).toMatchObject({ code: 0, stderr: '' })
    const { args } = PAGE.command('start')
    await using server = await StartedServer.start(args.slice(1), {
      directory: directory.path,
      environment: { RESOUND_PORT: undefined },
    })
    await server.logged('listening to Redis')
    const script = at(PAGE.block('js', "broadcaster: 'reverb'"), after)
    using page = disposable(new Echo({ ...echoOptions(script), Pusher: PusherJs, auth }))
    const { channels, here, inboxes } = open(page.echo)
    await Promise.all(channels.map(subscribed))
    expect(await here.next()).toEqual([{ name: 'Ann' }])
    await ship()
    for (const inbox of inboxes) expect(await inbox.next()).toEqual({ order: 1, text: 'moved' })
  }, 60_000)
})
