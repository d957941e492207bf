import { createHmac } from 'node:crypto'
import PusherServer from 'pusher'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { FAILURES, type FailureName } from '../../src/bridge/outcome.ts'
import {
  APP,
  type Deployment,
  type DeploymentOptions,
  deploy,
  SESSION_PATHS,
} from '../support/deployment.ts'
import { listen, type Page, subscribed } from '../support/echo.ts'
import { Inbox } from '../support/inbox.ts'
import { ANN, BEN, type Person } from '../support/laravel.ts'

type Fields = Readonly<Record<string, string>>

const sign = (text: string): string =>
  `${APP.key}:${createHmac('sha256', APP.secret).update(text).digest('hex')}`

/** An application on the redis driver whose pages have sessions, asked by this path of its own. */
const withSessions = (authPath: string = SESSION_PATHS.authPath): DeploymentOptions => ({
  app: { laravel: { ...SESSION_PATHS, authPath } },
})

/** Asks the bridge as a page does. @returns the status and the answer */
async function ask(
  { server }: Deployment,
  path: 'auth' | 'user-auth',
  form: Fields,
  headers: Fields = {},
): Promise<readonly [number, unknown]> {
  const response = await fetch(`${server.url}/apps/${APP.id}/${path}`, {
    method: 'POST',
    headers,
    body: new URLSearchParams(form),
  })
  return [response.status, await response.json()]
}

const refused = (outcome: FailureName): readonly [number, unknown] => {
  const { status, error } = FAILURES[outcome]
  return [status, { error, code: status }]
}

describe('the bridge of a Laravel app on the redis driver', () => {
  let deployment: Deployment
  let page: Page
  let cookie: string

  beforeAll(async () => {
    deployment = await deploy('redis', withSessions())
    page = await deployment.open()
    cookie = await deployment.laravel.login(ANN)
  })

  afterAll(async () => {
    page[Symbol.dispose]()
    await deployment[Symbol.asyncDispose]()
  })

  const join = (channel: string, headers: Fields = { cookie }) =>
    ask(deployment, 'auth', { socket_id: page.socketId, channel_name: channel }, headers)

  it('signs what routes/channels.php allows to the user of a session', async () => {
    const { socketId } = page
    expect(await join('private-orders.1')).toEqual([
      200,
      { auth: sign(`${socketId}:private-orders.1`) },
    ])
    const member = '{"user_id":"1","user_info":{"name":"Ann"}}'
    expect(await join('presence-chat.1')).toEqual([
      200,
      { auth: sign(`${socketId}:presence-chat.1:${member}`), channel_data: member },
    ])
    const user = '{"id":"1","user_info":{"name":"Ann"}}'
    expect(await ask(deployment, 'user-auth', { socket_id: socketId }, { cookie })).toEqual([
      200,
      { auth: sign(`${socketId}::user::${user}`), user_data: user },
    ])
  })

  describe.each(['true', 'false'])('with APP_DEBUG=%s', (debug) => {
    beforeEach(() => deployment.configure(`APP_DEBUG=${debug}`))
    afterAll(() => deployment.configure(''))

    it.each<[string, FailureName]>([
      ['private-orders.2', 'denied'],
      ['presence-chat.2', 'denied'],
      ['private-no-such-route', 'denied'],
      ['presence-lobby', 'no_member'],
      ['private-encrypted-secrets.1', 'no_secret'],
      ['private-broken', 'failed'],
    ])('answers for %s what Laravel means by it, and no more', async (channel, outcome) => {
      expect(await join(channel)).toEqual(refused(outcome))
    })

    it('lets in nobody without a session, nor with one that has ended', async () => {
      expect(await join('private-orders.1', {})).toEqual(refused('denied'))
      const theirs = await deployment.laravel.login(BEN)
      expect(await join('private-orders.2', { cookie: theirs })).toMatchObject([200, {}])

      await deployment.laravel.logout(theirs)

      expect(await join('private-orders.2', { cookie: theirs })).toEqual(refused('denied'))
      expect(
        await ask(deployment, 'user-auth', { socket_id: page.socketId }, { cookie: theirs }),
      ).toEqual(refused('denied'))
    })

    it.each(['log', 'null'])(
      'does not take the silence of the %s driver for a yes',
      async (driver) => {
        await deployment.configure(`APP_DEBUG=${debug}\nBROADCAST_CONNECTION=${driver}`)

        expect(await join('private-orders.1')).toEqual(refused('empty'))
      },
    )
  })

  it('says that the application is down for maintenance', async () => {
    await deployment.laravel.artisan('down')

    expect(await join('private-orders.1')).toEqual(refused('maintenance'))
    await deployment.laravel.artisan('up')
    expect(await join('private-orders.1')).toMatchObject([200, {}])
  })
})

describe('the bridge of a Laravel app that checks CSRF tokens on its own route', () => {
  it('is refused with a token of another session, and not without one', async () => {
    await using deployment = await deploy('redis', withSessions('/checked/broadcasting/auth'))
    using page = await deployment.open()
    const cookie = await deployment.laravel.login(ANN)
    const form = { socket_id: page.socketId, channel_name: 'private-orders.1' }

    expect(await ask(deployment, 'auth', form, { cookie, 'x-csrf-token': 'stale' })).toEqual(
      refused('expired'),
    )
    expect(await ask(deployment, 'auth', form, { cookie })).toMatchObject([200, {}])
  })
})

describe('the bridge of a Laravel app with Sanctum tokens', () => {
  let deployment: Deployment
  beforeAll(async () => {
    deployment = await deploy('redis')
  })
  afterEach(() => deployment.server.expectEmpty())
  afterAll(() => deployment[Symbol.asyncDispose]())

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
    const greeted = new Inbox()
    page.pusher.user.bind('greeting', greeted.push)
    const listening = new Inbox()
    page.pusher.connection.bind('message', listening.push)
    page.echo.connector.signin()
    expect(await listening.next()).toMatchObject({ event: 'pusher:signin_success' })
    expect(await listening.next()).toMatchObject({ channel: '#server-to-user-1' })
    expect(page.pusher.user.user_data).toEqual({ id: '1', user_info: { name: 'Ann' } })

    const { id, key, secret } = APP
    const port = String(deployment.server.port)
    const sdk = new PusherServer({ appId: id, key, secret, host: '127.0.0.1', port })
    await sdk.sendToUser('1', 'greeting', { text: 'hello' })

    expect(await greeted.next()).toEqual({ text: 'hello' })
  })

  it('passes tokens on, and tells who has none to log in', async () => {
    using page = await deployment.open()
    const form = { socket_id: page.socketId, channel_name: 'private-orders.1' }
    const authorization = `Bearer ${await deployment.laravel.token(ANN)}`

    expect(await ask(deployment, 'auth', form, { authorization })).toEqual([
      200,
      { auth: sign(`${page.socketId}:private-orders.1`) },
    ])
    expect(await ask(deployment, 'auth', form)).toEqual(refused('unauthenticated'))
    expect(await ask(deployment, 'auth', form, { authorization: 'Bearer 1|wrong' })).toEqual(
      refused('unauthenticated'),
    )
  })
})

describe.each(['pusher', 'reverb'] as const)('the bridge before the %s driver', (driver) => {
  let deployment: Deployment
  beforeAll(async () => {
    deployment = await deploy(driver, { asks: 'bridge' })
  })
  afterEach(() => deployment.server.expectEmpty())
  afterAll(() => deployment[Symbol.asyncDispose]())

  it('passes on what Laravel signs', async () => {
    using page = await deployment.open()
    const { laravel } = deployment
    const headers = {
      accept: 'application/json',
      authorization: `Bearer ${await laravel.token(ANN)}`,
    }
    const asked: readonly (readonly ['auth' | 'user-auth', Fields])[] = [
      ['auth', { channel_name: 'private-orders.1' }],
      ['auth', { channel_name: 'presence-chat.1' }],
      ['auth', { channel_name: 'private-encrypted-secrets.1' }],
      ['user-auth', {}],
    ]
    for (const [path, more] of asked) {
      const form = { socket_id: page.socketId, ...more }
      const body = new URLSearchParams(form)
      const target = `${laravel.url}/api/broadcasting/${path}`
      const direct = await fetch(target, { method: 'POST', headers, body })
      expect(direct.status).toBe(200)

      expect(await ask(deployment, path, form, headers)).toEqual([200, await direct.json()])
    }
  })

  it('lets Echo into an encrypted channel', async () => {
    using page = await deployment.open(ANN)
    const secrets = page.echo.encryptedPrivate('secrets.1')
    await subscribed(secrets)
    const shared = listen(secrets, 'SecretShared')

    await deployment.laravel.post('/users/1/secrets', { text: 'between us' })

    expect(await shared.next()).toEqual({ text: 'between us' })
  })
})
