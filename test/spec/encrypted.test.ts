/** Encrypted channels: private ones whose payloads the server passes on unread. */
import { expect, it } from 'vitest'
import { startServer } from '../support/server.ts'

const CIPHERTEXT = '{"nonce":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","ciphertext":"9a+\\/ZQ=="}'

it('an encrypted payload arrives letter for letter', async () => {
  await using server = await startServer()
  const client = await server.connect()
  await client.subscribe('private-encrypted-a')
  await server.request('POST', '/events', {
    body: { name: 'e', channel: 'private-encrypted-a', data: CIPHERTEXT },
  })
  expect(await client.nextText()).toBe(
    `{"event":"e","channel":"private-encrypted-a","data":${JSON.stringify(CIPHERTEXT)}}`,
  )
})

it.each(['private-encrypted-a', 'private-encrypted-cache-a'])(
  'an encrypted channel asks for the signature of a private one: %s',
  async (channel) => {
    await using server = await startServer()
    const client = await server.connect()
    client.send({ event: 'pusher:subscribe', data: { channel, auth: '' } })
    expect(await client.next()).toMatchObject({ event: 'pusher:subscription_error' })
    expect(await client.subscribe(channel)).toEqual({
      event: 'pusher_internal:subscription_succeeded',
      channel,
      data: {},
    })
  },
)

it('an encrypted cache channel remembers its last payload letter for letter', async () => {
  await using server = await startServer()
  const channel = 'private-encrypted-cache-a'
  await server.request('POST', '/events', { body: { name: 'e', channel, data: CIPHERTEXT } })
  const client = await server.connect()
  await client.subscribe(channel)
  expect(await client.nextText()).toBe(
    `{"event":"e","channel":"${channel}","data":${JSON.stringify(CIPHERTEXT)}}`,
  )
})
