import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildPage, launchChromium } from '../support/browser.ts'
import { Chat } from '../support/chat.ts'
import { type Deployment, type DeploymentOptions, deploy } from '../support/deployment.ts'
import { ANN, BEN, type Laravel, type Person } from '../support/laravel.ts'
import { startServer } from '../support/server.ts'
import type { Driver } from '../support/snippets.ts'
import { TestLog } from '../support/test-log.ts'

const TEXT = 'héllo/"🙂"'
// How pusher-js waits in a browser whose connection is refused.
const UNAVAILABLE_MS = 10_000
const LONGEST_RETRY_MS = 60_000

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser.close())

/** The redis driver leaves signing to the bridge, or to another connection of the application's. */
const DEPLOYMENTS: readonly (readonly [string, Driver, DeploymentOptions])[] = [
  ['pusher', 'pusher', {}],
  ['reverb', 'reverb', {}],
  ['redis', 'redis', { proxied: true }],
  ['redis and signs through reverb', 'redis', { asks: 'laravel' }],
]

describe.each(DEPLOYMENTS)(
  'a page of an app that broadcasts through %s',
  (name, driver, options) => {
    const encrypts = driver !== 'redis' // which publishes in the clear, whatever the channel
    const channels = encrypts ? 4 : 3
    let deployment: Deployment
    let laravel: Laravel

    beforeAll(async () => {
      deployment = await deploy(driver, options)
      laravel = deployment.laravel
      const { setup, env } = deployment
      const directory = path.join(laravel.directory, 'public/page')
      await buildPage(directory, { setup, env, encrypted: encrypts })
    })
    afterAll(() => deployment[Symbol.asyncDispose]())

    /** Opens the page, logs in, and waits until it is in all its channels. */
    async function enter(person: Person): Promise<Chat> {
      const chat = await Chat.open(browser, deployment.origin, person)
      await chat.subscribed(channels)
      return chat
    }

    /** Has the app broadcast on every channel of Ann's. @returns what her page should show of it */
    async function broadcast(text: string): Promise<unknown[]> {
      await laravel.post('/news', { text })
      await laravel.post('/orders/1/ship', { text })
      await laravel.post('/chat/1/messages', { text })
      if (encrypts) await laravel.post('/users/1/secrets', { text })
      return [
        ['NewsPublished', 'news', { text }],
        ['OrderShipped', 'private-orders.1', { order: 1, text }],
        ['MessageSent', 'presence-chat.1', { text }],
        ...(encrypts ? [['SecretShared', 'private-encrypted-secrets.1', { text }]] : []),
      ]
    }

    it('hears what the app broadcasts on each kind of channel', async () => {
      await using ann = await enter(ANN)

      const expected = await broadcast(TEXT)

      expect(await ann.events(channels)).toEqual(expected)
    })

    it('is kept out of a channel that the app does not let its user into', async () => {
      await using ann = await enter(ANN)

      const refusal = await ann.page.evaluate(
        () => new Promise((resolve) => window.Echo.private('orders.2').error(resolve)),
      )

      expect(refusal).toMatchObject({ type: 'AuthError', status: 403 })
    })

    it('signs in the user of its session', async () => {
      await using ann = await enter(ANN)

      const signedIn = await ann.page.evaluate(
        () =>
          new Promise((resolve) => {
            const { connector } = window.Echo
            connector.pusher.connection.bind('message', (message: { event: string }) => {
              if (message.event.startsWith('pusher:signin')) resolve(message)
            })
            connector.signin()
          }),
      )

      expect(signedIn).toEqual({
        event: 'pusher:signin_success',
        data: { user_data: expect.stringContaining('"user_info":{"name":"Ann"}') },
      })
    })

    it('shows who is here, who joins and who leaves', async () => {
      await using ann = await enter(ANN)
      expect(await ann.rows('members', 1)).toEqual(['Ann'])
      const ben = await enter(BEN)
      expect(await ben.rows('members', 2)).toEqual(['Ann', 'Ben'])
      expect(await ann.rows('members', 2)).toEqual(['Ann', 'Ben'])

      await ben[Symbol.asyncDispose]()

      await ann.page.locator('#members li', { hasText: 'Ben' }).waitFor({ state: 'detached' })
      expect(await ann.rows('members', 1)).toEqual(['Ann'])
    })

    it('whispers to the others, and is left out of what its requests send to others', async () => {
      await using ann = await enter(ANN)
      await using ben = await enter(BEN)

      await ann.page.getByLabel('Message').fill('Shall we ship it?')
      await ben.page.getByText('Ann is typing …').waitFor()
      await ann.page.getByRole('button', { name: 'Send' }).click()
      expect(await ben.rows('messages', 1)).toEqual(['Shall we ship it?'])
      await ben.page.getByText('is typing').waitFor({ state: 'detached' })

      await ben.page.getByLabel('Message').fill('Right away.')
      await ben.page.getByRole('button', { name: 'Send' }).click()
      const said = ['Shall we ship it?', 'Right away.']
      expect(await ann.rows('messages', 2)).toEqual(said)
      await broadcast('Order 1 is on its way.')
      await ben.page.getByLabel('Message').fill('Done')
      await ann.page.getByText('Ben is typing …').waitFor()

      for (const chat of [ann, ben]) {
        expect(await chat.rows('messages', 3)).toEqual([...said, 'Order 1 is on its way.'])
      }
      await ann.events(channels + 1) // all there is to see
      const file = path.join(tmpdir(), `resound-chat-${name.replaceAll(' ', '-')}.png`)
      await ann.page.screenshot({ path: file })
      console.info(`The page as Ann sees it: ${file}`)
    })

    it('comes back when the server restarts, and hears the app again', async () => {
      const { server } = deployment
      const ann = await enter(ANN)
      const status = ann.page.getByRole('status')
      const before = await status.textContent()

      await server.server.stop()
      await status.filter({ hasText: /^connecting$/ }).waitFor()
      await ann.page.clock.fastForward(UNAVAILABLE_MS)
      await status.filter({ hasText: /^failed$/ }).waitFor()
      const log = new TestLog()
      await using _ = await startServer({
        ...server.config,
        port: server.port,
        logger: log.logger,
      })
      if (driver === 'redis') await log.line(/listening to Redis/)
      await ann.page.clock.fastForward(LONGEST_RETRY_MS)
      await ann.subscribed(channels)
      const expected = await broadcast(TEXT)

      expect(await ann.events(channels)).toEqual(expected)
      expect(await ann.rows('members', 1)).toEqual(['Ann'])
      expect(await status.textContent()).not.toBe(before)
      await ann[Symbol.asyncDispose]() // before the server it is connected to now
    })
  },
)
