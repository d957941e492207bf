import { describe, expect, it } from 'vitest'
import { deploy } from '../support/deployment.ts'
import { listen, subscribed } from '../support/echo.ts'
import { Inbox } from '../support/inbox.ts'
import { ANN } from '../support/laravel.ts'

const TEXT = 'between us'

describe.each(['pusher', 'reverb'] as const)('an encrypted channel over %s', (driver) => {
  it('carries what Laravel encrypts, and only its members can read it', async () => {
    await using deployment = await deploy(driver)
    using page = await deployment.open(ANN)
    const secrets = page.echo.encryptedPrivate('secrets.1')
    await subscribed(secrets)
    const shared = listen(secrets, 'SecretShared')
    const frames = new Inbox()
    page.pusher.connection.bind('message', frames.push)

    await deployment.laravel.post('/users/1/secrets', { text: TEXT })

    expect(await shared.next()).toEqual({ text: TEXT })
    expect(await frames.next()).toEqual({
      event: 'App\\Events\\SecretShared',
      channel: 'private-encrypted-secrets.1',
      data: { nonce: expect.any(String), ciphertext: expect.any(String) },
    })
  })
})

describe('an encrypted channel over redis', () => {
  it('stays silent, as Laravel publishes it in clear, and the log says why', async () => {
    await using deployment = await deploy('redis', { asks: 'laravel' })
    using page = await deployment.open(ANN)
    const secrets = page.echo.encryptedPrivate('secrets.1')
    const news = page.echo.channel('news')
    await Promise.all([subscribed(secrets), subscribed(news)])
    const frames = new Inbox()
    page.pusher.connection.bind('message', frames.push)

    await deployment.laravel.post('/users/1/secrets', { text: TEXT })
    await deployment.laravel.post('/news', { text: 'later' })

    expect(await frames.next()).toMatchObject({ channel: 'news', data: { text: 'later' } })
    expect(await deployment.log.line(/does not encrypt/)).toMatchObject({
      level: 40,
      appId: 'my-app',
      channel: 'private-encrypted-secrets.1',
    })
  })
})
