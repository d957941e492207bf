/**
 * Stock clients in front of the bridge: the Laravel app answers as its redis driver does, and its
 * pages have presence, whispers and sign-in all the same.
 */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { startBridged } from '../support/bridge.ts'
import { redisDriver } from '../support/chat-app.ts'
import {
  Application,
  BUILDS,
  hear,
  nodeBuild,
  type Page,
  type PusherClass,
  stubWorkerGlobals,
  subscribe,
} from '../support/pusher.ts'
import type { TestServer } from '../support/server.ts'
import { Upstream } from '../support/upstream.ts'

const open = (server: TestServer, token: string, Build: PusherClass = nodeBuild): Promise<Page> => {
  const headers = { Authorization: `Bearer ${token}` }
  const base = `${server.url}/apps/${server.app.id}`
  return new Application(server).open(Build, undefined, {
    channelAuthorization: { transport: 'ajax', endpoint: `${base}/auth`, headers },
    userAuthentication: { transport: 'ajax', endpoint: `${base}/user-auth`, headers },
  })
}

const start = (laravel: Upstream): Promise<TestServer> =>
  startBridged(laravel.url, { app: { clientEvents: true } })

afterEach(() => {
  vi.unstubAllGlobals()
})

describe.each(BUILDS)('pusher-js for %s', (what, Build) => {
  const inBuild = what === 'Node' ? () => undefined : stubWorkerGlobals

  it('joins its private channel, and no one else’s', async () => {
    inBuild()
    await using laravel = await Upstream.start(redisDriver)
    await using server = await start(laravel)
    using ann = await open(server, 'ann', Build)
    const channel = await subscribe(ann, 'private-users.1')
    const events = hear(channel, 'hello')
    await server.trigger('private-users.1', 'hello', { n: 1 })
    expect(await events.next()).toEqual({ n: 1 })

    await expect(subscribe(ann, 'private-users.2')).rejects.toMatchObject({
      type: 'AuthError',
      status: 403,
    })
  })

  it('is present, sees others come and go, and whispers to them', async () => {
    inBuild()
    await using laravel = await Upstream.start(redisDriver)
    await using server = await start(laravel)
    using ann = await open(server, 'ann', Build)
    const room = await subscribe(ann, 'presence-room')
    const added = hear(room, 'pusher:member_added')
    const removed = hear(room, 'pusher:member_removed')
    const typing = hear(room, 'client-typing')
    {
      using bob = await open(server, 'bob', Build)
      const his = await subscribe(bob, 'presence-room')
      expect(await added.next()).toEqual({ id: '2', info: { name: 'Bob' } })
      his.trigger('client-typing', { at: 1 })
      expect(await typing.next()).toEqual({ at: 1 })
    }
    expect(await removed.next()).toEqual({ id: '2', info: { name: 'Bob' } })
  })

  it('signs in, and is sent what is for its user', async () => {
    inBuild()
    await using laravel = await Upstream.start(redisDriver)
    await using server = await start(laravel)
    using ann = await open(server, 'ann', Build)
    const signedIn = hear(ann.pusher, 'pusher:signin_success')
    ann.pusher.signin()
    expect(await signedIn.next()).toEqual({ user_data: '{"id":"1","user_info":{"name":"Ann"}}' })
    const notes = hear(ann.pusher.user, 'note')
    await expect
      .poll(() => [...server.server.hub.lives()].flatMap(({ channels }) => [...channels.keys()]))
      .toEqual(['#server-to-user-1'])
    await new Application(server).sdk.sendToUser('1', 'note', { n: 1 })
    expect(await notes.next()).toEqual({ n: 1 })
  })

  it.each([
    ['nobody', 'private-users.1', 401],
    ['ann', 'private-encrypted-a', 403],
  ])('%s is told why %s is closed', async (token, channel, status) => {
    inBuild()
    await using laravel = await Upstream.start(redisDriver)
    await using server = await start(laravel)
    using page = await open(server, token, Build)
    await expect(subscribe(page, channel)).rejects.toMatchObject({ type: 'AuthError', status })
  })
})

it('pages of pusher-js get Laravel’s own signatures of its pusher and reverb drivers', async () => {
  await using laravel = await Upstream.start()
  await using server = await start(laravel)
  const { sdk } = new Application(server)
  laravel.answer = (response, { form }) => {
    const member = { user_id: '7', user_info: { name: 'Ann' } }
    const { auth, channel_data } = sdk.authorizeChannel(
      form.get('socket_id') ?? '',
      form.get('channel_name') ?? '',
      member,
    )
    response.end(JSON.stringify({ auth, channel_data }))
  }
  using page = await open(server, 'ann')
  const room = await subscribe(page, 'presence-room')
  expect(room).toMatchObject({ members: { count: 1, me: { id: '7', info: { name: 'Ann' } } } })
})
