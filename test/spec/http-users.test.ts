import { describe, expect, it } from 'vitest'
import type { TestClient } from '../support/client.ts'
import { exchange, request } from '../support/raw-http.ts'
import { signedPath, startServer, type TestServer } from '../support/server.ts'

const DONE: unknown = expect.objectContaining({ status: 200, body: {} })

const terminate = (server: TestServer, userId: string) =>
  server.request('POST', `/users/${userId}/terminate_connections`, { body: {} })

async function expectTerminated(client: TestClient): Promise<void> {
  expect(await client.next()).toEqual({
    event: 'pusher:error',
    data: { code: 4009, message: 'The connection was terminated by the app.' },
  })
  expect(await client.closed).toEqual({
    code: 4009,
    reason: 'The connection was terminated by the app.',
  })
}

describe('POST terminate_connections', () => {
  it('closes every connection that is signed in as the user, and no other', async () => {
    await using server = await startServer()
    const [phone, laptop, ben, visitor] = [
      await server.connect(),
      await server.connect(),
      await server.connect(),
      await server.connect(),
    ]
    await phone.signIn({ id: 'ann' })
    await laptop.signIn({ id: 'ann' })
    await ben.signIn({ id: 'ben' })
    expect(await terminate(server, 'ann')).toEqual(DONE)
    await expectTerminated(phone)
    await expectTerminated(laptop)
    await ben.expectNothing()
    await visitor.expectNothing()
  })

  it('lets the user come back', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.signIn({ id: 'ann' })
    await terminate(server, 'ann')
    await expectTerminated(client)
    const again = await server.connect()
    expect(await again.signIn({ id: 'ann' })).toMatchObject({ event: 'pusher:signin_success' })
    await again.expectNothing()
  })

  it('announces who has left by it', async () => {
    await using server = await startServer()
    const ben = await server.connect()
    await ben.subscribe('presence-a', { user_id: 'ben' })
    const ann = await server.connect()
    await ann.signIn({ id: 'ann' })
    await ann.subscribe('presence-a', { user_id: 'ann' })
    expect(await ben.next()).toMatchObject({ event: 'pusher_internal:member_added' })
    await terminate(server, 'ann')
    expect(await ben.next()).toEqual({
      event: 'pusher_internal:member_removed',
      channel: 'presence-a',
      data: { user_id: 'ann' },
    })
  })

  it('passes by those who are only present as the user', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('presence-a', { user_id: 'ann' })
    expect(await terminate(server, 'ann')).toEqual(DONE)
    await client.expectNothing()
  })

  it('closes those, too, where the app says terminatePresenceMembers, as Reverb does', async () => {
    await using server = await startServer({ app: { terminatePresenceMembers: true } })
    const [present, signedIn, both, ben] = [
      await server.connect(),
      await server.connect(),
      await server.connect(),
      await server.connect(),
    ]
    await present.subscribe('presence-a', { user_id: 'ann' })
    await signedIn.signIn({ id: 'ann' })
    await both.signIn({ id: 'ann' })
    await both.subscribe('presence-b', { user_id: 'ann' })
    await ben.subscribe('presence-c', { user_id: 'ben' })
    expect(await terminate(server, 'ann')).toEqual(DONE)
    for (const client of [present, signedIn, both]) await expectTerminated(client)
    await ben.expectNothing()
  })

  it("does not touch another app's user of the same id", async () => {
    const apps = ['one', 'two'].map((id) => ({ id, key: `key-${id}`, secret: `secret-${id}` }))
    await using server = await startServer({ apps })
    const url = server.wsUrl.replace('key-one', 'key-two')
    const other = await server.dial(url, {}, { key: 'key-two', secret: 'secret-two' }).established()
    await other.signIn({ id: 'ann' })
    expect(await terminate(server, 'ann')).toEqual(DONE)
    await other.expectNothing()
  })

  it.each(['nobody', '__proto__', 'not%20an%20id'])('succeeds without any: %s', async (userId) => {
    await using server = await startServer()
    expect(await terminate(server, userId)).toEqual(DONE)
  })

  it('decodes the user id in the path, and accepts it signed unencoded', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.signIn({ id: 'ann@example.com' })
    const path = '/apps/3/users/ann@example.com/terminate_connections'
    const target = signedPath(server.app, 'POST', path).replace('@', '%40')
    expect(await exchange(server.port, request('POST', target))).toMatchObject({
      status: 200,
      body: '{}',
    })
    await expectTerminated(client)
  })

  it('refuses an id that nobody can have', async () => {
    await using server = await startServer()
    expect(await terminate(server, 'a'.repeat(129))).toMatchObject({
      status: 400,
      body: { error: 'A user id has at most 128 characters.', code: 400 },
    })
  })
})

describe('GET connections', () => {
  it('counts all that are established, subscribed or not, as Laravel Pulse reads it', async () => {
    await using server = await startServer()
    const connections = () => server.request('GET', '/connections')
    expect((await connections()).body).toEqual({ connections: 0 })
    const client = await server.connect()
    await client.subscribe('a')
    await server.connect()
    expect((await connections()).body).toEqual({ connections: 2 })
    await client.close()
    await server.connect()
    await server.connect()
    expect((await connections()).body).toEqual({ connections: 3 })
  })

  it("does not count another app's", async () => {
    const apps = ['one', 'two'].map((id) => ({ id, key: `key-${id}`, secret: `secret-${id}` }))
    await using server = await startServer({ apps })
    await server.dial(server.wsUrl.replace('key-one', 'key-two')).established()
    expect((await server.request('GET', '/connections')).body).toEqual({ connections: 0 })
  })
})
