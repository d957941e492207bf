import { createHmac } from 'node:crypto'
import PusherServer from 'pusher'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { APP, type Deployment, deploy } from '../support/deployment.ts'
import { subscribed } from '../support/echo.ts'
import { Inbox } from '../support/inbox.ts'
import { ANN, BEN, type Person } from '../support/laravel.ts'

/** A frame, as pusher-js shows it. */
interface Message {
  readonly event: string
  readonly channel?: string
}

const sign = (text: string): string =>
  `${APP.key}:${createHmac('sha256', APP.secret).update(text).digest('hex')}`

/** The redis driver cannot sign: there the application authorises on its reverb connection. */
describe.each(['pusher', 'reverb', 'redis'] as const)(
  'a Laravel app on the %s driver',
  (driver) => {
    let deployment: Deployment

    beforeAll(async () => {
      deployment = await deploy(driver, { asks: 'laravel' })
    })

    afterEach(() => deployment.server.expectEmpty())

    afterAll(() => deployment[Symbol.asyncDispose]())

    /** Asks as a page does that is in a session. */
    async function authorise(cookie: string, target: string, form: Record<string, string>) {
      const response = await fetch(deployment.laravel.url + target, {
        method: 'POST',
        headers: { cookie },
        body: new URLSearchParams({ socket_id: '12.34', ...form }),
      })
      return response.ok ? response.json() : response.status
    }

    it('signs what routes/channels.php allows to the user of a session', async () => {
      const cookie = await deployment.laravel.login(ANN)
      const join = (channel: string) =>
        authorise(cookie, '/broadcasting/auth', { channel_name: channel })

      expect(await join('private-orders.1')).toEqual({ auth: sign('12.34:private-orders.1') })
      expect(await join('private-orders.2')).toBe(403)
      const member = '{"user_id":1,"user_info":{"name":"Ann"}}'
      expect(await join('presence-chat.1')).toEqual({
        auth: sign(`12.34:presence-chat.1:${member}`),
        channel_data: member,
      })
      const user = '{"id":"1","user_info":{"name":"Ann"}}'
      expect(await authorise(cookie, '/broadcasting/user-auth', {})).toEqual({
        auth: sign(`12.34::user::${user}`),
        user_data: user,
      })
    })

    it.each<[string, Person | undefined, string, number]>([
      ['another user', BEN, 'orders.1', 403],
      ['everybody', ANN, 'no-such-route', 403],
      ['whoever is not logged in', undefined, 'orders.1', 401],
    ])('keeps out %s, and Echo says so', async (_, person, channel, status) => {
      using page = await deployment.open(person)

      await expect(subscribed(page.echo.private(channel))).rejects.toMatchObject({
        type: 'AuthError',
        status,
      })
    })

    it('signs in a user, whom events then reach by id', async () => {
      using page = await deployment.open(ANN)
      const { pusher } = page
      const greeted = new Inbox()
      pusher.user.bind('greeting', greeted.push)
      const listening = new Inbox()
      pusher.connection.bind('message', ({ event, channel }: Message) => {
        if (event === 'pusher_internal:subscription_succeeded') listening.push(channel)
      })
      page.echo.connector.signin()
      expect(await listening.next()).toBe('#server-to-user-1')
      expect(pusher.user.user_data).toEqual({ id: '1', user_info: { name: 'Ann' } })

      const { id, key, secret } = APP
      const port = String(deployment.server.port)
      const sdk = new PusherServer({ appId: id, key, secret, host: '127.0.0.1', port })
      await sdk.sendToUser('1', 'greeting', { text: 'hello' })

      expect(await greeted.next()).toEqual({ text: 'hello' })
    })
  },
)
