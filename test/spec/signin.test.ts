/** Signing in, and what is sent to one user. */
import { describe, expect, it } from 'vitest'
import type { TestClient } from '../support/client.ts'
import { metricOf } from '../support/metrics.ts'
import { startServer } from '../support/server.ts'

async function signIn(client: TestClient, userData: string, auth = client.signUser(userData)) {
  client.send({ event: 'pusher:signin', data: { auth, user_data: userData } })
  return client.next()
}

const refused = (message: string) => ({ event: 'pusher:error', data: { code: 4009, message } })

describe('signing in', () => {
  it('is answered with the user_data that was sent, letter for letter', async () => {
    await using server = await startServer()
    const client = await server.connect()
    const userData = '{"id":"7", "user_info":{"url":"\\/"},"watchlist":[]}'
    client.send({
      event: 'pusher:signin',
      data: { auth: client.signUser(userData), user_data: userData },
    })
    expect(await client.nextText()).toBe(
      '{"event":"pusher:signin_success","data":{"user_data":"{\\"id\\":\\"7\\", \\"user_info\\":{\\"url\\":\\"\\\\/\\"},\\"watchlist\\":[]}"}}',
    )
  })

  it('again as the same user succeeds again', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.signIn({ id: '7' })
    expect(await client.signIn({ id: '7' })).toMatchObject({ event: 'pusher:signin_success' })
  })

  it('as another user is refused, and the connection stays who it was', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.signIn({ id: '7' })
    expect(await client.signIn({ id: '8' })).toEqual(
      refused('This connection is already signed in as another user.'),
    )
    expect(await client.subscribe('#server-to-user-8')).toMatchObject({
      event: 'pusher:subscription_error',
    })
    expect(await client.subscribe('#server-to-user-7')).toMatchObject({
      event: 'pusher_internal:subscription_succeeded',
    })
  })

  it.each([
    ['no signature', ''],
    ['a wrong signature', `278d425bdf160c739803:${'0'.repeat(64)}`],
    ["another key's signature", `another:${'0'.repeat(64)}`],
  ])('with %s is refused, and the connection stays open', async (_what, auth) => {
    await using server = await startServer()
    const client = await server.connect()
    expect(await signIn(client, '{"id":"7"}', auth)).toEqual(
      refused(
        "The sign-in's signature does not match. The app's secret and the server's may differ.",
      ),
    )
    await client.expectNothing()
  })

  it("with a channel's signature is refused", async () => {
    await using server = await startServer()
    const client = await server.connect()
    expect(await signIn(client, '{"id":"7"}', client.sign('{"id":"7"}'))).toMatchObject({
      event: 'pusher:error',
    })
  })

  it.each([
    ['not JSON', 'x'],
    ['null', 'null'],
    ['a list', '[]'],
    ['text', '"7"'],
    ['an object without an id', '{}'],
    ['an object whose id is a number, which pusher-js would drop', '{"id":7}'],
    ['an object whose id is empty', '{"id":""}'],
    ['an object whose id is null', '{"id":null}'],
    ['an object whose id no channel name can hold', '{"id":"a b"}'],
    ['an object whose id is longer than 128 characters', JSON.stringify({ id: 'x'.repeat(129) })],
    ['an object whose id is inherited', '{"__proto__":{"id":"7"}}'],
  ])('with user_data that is %s is refused', async (_what, userData) => {
    await using server = await startServer()
    const client = await server.connect()
    expect(await signIn(client, userData)).toEqual(
      refused(
        'user_data must be a JSON object with a string "id" of letters, digits and _ - = @ , . ;',
      ),
    )
  })

  it('that is refused is counted by reason', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await signIn(client, '{"id":"7"}', 'wrong')
    await signIn(client, '{}')
    await client.signIn({ id: '7' })
    await client.signIn({ id: '8' })
    for (const reason of ['signature', 'user', 'other-user']) {
      expect(await metricOf(server, 'resound_signin_refused_total', { reason })).toBe(1)
    }
  })

  it('does not stumble over user_info that is nested deeply', async () => {
    await using server = await startServer()
    const client = await server.connect()
    const deep = '['.repeat(30_000) + ']'.repeat(30_000)
    expect(await signIn(client, `{"id":"7","user_info":${deep}}`)).toMatchObject({
      event: 'pusher:error',
      data: { code: 4009 },
    })
    await client.expectNothing()
  })
})

describe("a user's channel", () => {
  const channel = '#server-to-user-7'

  it('is open to who is signed in as the user, on every connection', async () => {
    await using server = await startServer()
    const tabs = await Promise.all([server.connect(), server.connect()])
    for (const tab of tabs) {
      await tab.signIn({ id: '7' })
      tab.send({ event: 'pusher:subscribe', data: { auth: '', channel } })
      expect(await tab.nextText()).toBe(
        '{"event":"pusher_internal:subscription_succeeded","channel":"#server-to-user-7","data":"{}"}',
      )
    }
    await server.trigger(channel, 'e', { n: 1 })
    for (const tab of tabs) {
      expect(await tab.nextText()).toBe(
        '{"event":"e","channel":"#server-to-user-7","data":"{\\"n\\":1}"}',
      )
    }
  })

  it('is closed to everybody else, signed or not', async () => {
    await using server = await startServer()
    const [stranger, other] = await Promise.all([server.connect(), server.connect()])
    await other.signIn({ id: '8' })
    for (const client of [stranger, other]) {
      for (const auth of ['', client.sign(channel)]) {
        client.send({ event: 'pusher:subscribe', data: { auth, channel } })
        expect(await client.next()).toEqual({
          event: 'pusher:subscription_error',
          channel,
          data: {
            type: 'AuthError',
            error: 'Only a connection signed in as this user may subscribe to its channel.',
            status: 401,
          },
        })
      }
    }
    await server.trigger(channel, 'e', {})
    await stranger.expectNothing()
    await other.expectNothing()
  })
})
