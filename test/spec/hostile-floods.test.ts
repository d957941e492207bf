/** Input by the thousand, random or repeated. */
import { describe, expect, it } from 'vitest'
import { Scene } from '../support/scene.ts'
import { seeded } from '../support/seeded.ts'

const PING = '{"event":"pusher:ping"}'

describe('random input', () => {
  it('of text in well-formed frames is answered', async () => {
    await using scene = await Scene.set()
    const client = await scene.server.connect()
    const random = seeded(2)
    const alphabet = [...'{}[]",:\\ue0tnf\u00e9\ud83d\ude00', 'event', 'data', 'channel', 'pusher:']
    for (let round = 0; round < 500; round += 1) {
      const pieces = Array.from({ length: random(60) }, () => alphabet[random(alphabet.length)])
      client.sendText(pieces.join(''))
      expect(await client.next()).toMatchObject({ data: { code: 4300 } })
    }
  })

  it('of messages that are nearly right never ends a connection', async () => {
    await using scene = await Scene.set()
    const client = await scene.server.connect()
    const random = seeded(3)
    const pick = <T>(...choices: [T, ...T[]]): T => choices[random(choices.length)] ?? choices[0]
    const value = (): unknown =>
      pick<unknown>(
        null,
        7,
        '',
        'news',
        'private-a',
        'presence-a',
        '{"user_id":"7"}',
        [],
        {},
        {
          channel: pick<unknown>('news', 'private-a', 'cache-a', '#x', '\ud800', 7),
          auth: pick<unknown>('', client.sign('private-a'), null, {}),
          channel_data: pick<unknown>('{"user_id":7}', '{', null, 7),
          user_data: pick<unknown>('{"id":"7"}', '[]', 7),
        },
      )
    for (let round = 0; round < 2000; round += 1) {
      client.send({
        event: pick<unknown>(
          'pusher:subscribe',
          'pusher:unsubscribe',
          'pusher:signin',
          'client-x',
          'pusher:pong',
          value(),
        ),
        channel: value(),
        data: value(),
      })
    }
    client.sendText(PING)
    for (;;) if ((await client.next()).event === 'pusher:pong') break
    client.terminate()
  })
})

describe('a great many requests', () => {
  it('to subscribe and unsubscribe leave what the last one said', async () => {
    await using scene = await Scene.set()
    const client = await scene.server.connect()
    for (let round = 0; round < 5000; round += 1) {
      client.send({ event: 'pusher:subscribe', data: { channel: `news-${round % 7}` } })
      client.unsubscribe(`news-${round % 7}`)
    }
    client.send({ event: 'pusher:subscribe', data: { channel: 'news' } })
    for (let round = 0; round < 5001; round += 1) {
      expect(await client.next()).toMatchObject({ event: 'pusher_internal:subscription_succeeded' })
    }
    expect(await scene.server.request('GET', '/channels')).toMatchObject({
      body: { channels: { news: {}, 'presence-a': {} } },
    })
  })

  it('to subscribe stop at 1000 channels, which all go with the connection', async () => {
    await using scene = await Scene.set()
    const client = await scene.server.connect()
    for (let index = 0; index <= 1000; index += 1) {
      client.send({ event: 'pusher:subscribe', data: { channel: `news-${index}` } })
    }
    for (let index = 0; index < 1000; index += 1) {
      expect(await client.next()).toMatchObject({ event: 'pusher_internal:subscription_succeeded' })
    }
    expect(await client.next()).toMatchObject({ data: { type: 'LimitReached', status: 4301 } })
    client.terminate()
    await client.closed
  })

  it('to connect, each dropped at once, leave nothing', async () => {
    await using scene = await Scene.set()
    for (let round = 0; round < 200; round += 1) {
      const client = scene.server.dial()
      client.socket.once('open', () => client.terminate())
      await client.closed
    }
  })
})
