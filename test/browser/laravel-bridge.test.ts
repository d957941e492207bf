import { rm } from 'node:fs/promises'
import path from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildPage, launchChromium } from '../support/browser.ts'
import { Chat } from '../support/chat.ts'
import {
  type Deployment,
  type DeploymentOptions,
  deploy,
  SESSION_PATHS,
} from '../support/deployment.ts'
import { ANN, BEN } from '../support/laravel.ts'

const CHANNELS = 3

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser.close())

/** An application on the redis driver whose page has this set-up of Echo. */
async function deployPage(options: DeploymentOptions): Promise<Deployment> {
  const deployment = await deploy('redis', options)
  const { laravel, setup, env } = deployment
  await buildPage(path.join(laravel.directory, 'public/page'), { setup, env, encrypted: false })
  return deployment
}

/** By the name that the page and the server's address have in common: cookies go by host, not port. */
const onLocalhost = ({ laravel }: Deployment): string =>
  laravel.url.replace('127.0.0.1', 'localhost')

/** Shows that two people meet, whisper, and hear what the application sends to the others. */
async function expectConversation(ann: Chat, ben: Chat): Promise<void> {
  await Promise.all([ann.subscribed(CHANNELS), ben.subscribed(CHANNELS)])
  expect(await ann.rows('members', 2)).toEqual(['Ann', 'Ben'])
  expect(await ben.rows('members', 2)).toEqual(['Ann', 'Ben'])
  await ann.page.getByLabel('Message').fill('Hello')
  await ben.page.getByText('Ann is typing …').waitFor()
  await ann.page.getByRole('button', { name: 'Send' }).click()
  expect(await ben.rows('messages', 1)).toEqual(['Hello'])
}

describe('a page of another origin than the bridge', () => {
  it('is let in with its cookies, where its origin is listed', async () => {
    await using deployment = await deployPage({
      setup: 'redis-cookies',
      app: { allowedOrigins: ['localhost'], laravel: SESSION_PATHS },
    })
    await using ann = await Chat.open(browser, onLocalhost(deployment), ANN)
    await using ben = await Chat.open(browser, onLocalhost(deployment), BEN)

    await expectConversation(ann, ben)

    const refusal = await ann.page.evaluate(
      () => new Promise((resolve) => window.Echo.private('orders.2').error(resolve)),
    )
    expect(refusal).toMatchObject({ error: expect.stringContaining('Laravel refuses this (403)') })
  })

  it('is let in with a Sanctum token', async () => {
    await using deployment = await deployPage({ setup: 'token' })
    const enter = async (person: typeof ANN | typeof BEN) => {
      const chat = await Chat.open(browser, deployment.laravel.url, person)
      await chat.page.evaluate(async ({ name, password }) => {
        const response = await fetch('/api/tokens', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ name, password }),
        })
        localStorage.setItem('token', (await response.json()).token)
      }, person)
      await chat.page.reload()
      return chat
    }
    await using ann = await enter(ANN)
    await using ben = await enter(BEN)

    await expectConversation(ann, ben)
  })
})

describe('a page that knows of no bridge', () => {
  it('joins private channels with the cookies of its WebSocket', async () => {
    await using deployment = await deployPage({
      setup: 'reverb',
      app: {
        allowedOrigins: ['localhost'],
        laravel: { ...SESSION_PATHS, authAtSubscribe: true },
      },
    })
    await rm(path.join(deployment.laravel.directory, 'public/page/chat.js')) // which wants presence
    await using ann = await Chat.open(browser, onLocalhost(deployment), ANN)
    await ann.page.waitForFunction(() => window.Echo !== undefined)
    const join = (channel: string) =>
      ann.page.evaluate(
        (name) =>
          new Promise((resolve) => {
            window.Echo.private(name)
              .subscribed(() => resolve('subscribed'))
              .error(resolve)
          }),
        channel,
      )

    expect(await join('orders.1')).toBe('subscribed')
    expect(await join('orders.2')).toMatchObject({ type: 'AuthError', status: 403 })

    const page = await ann.page.evaluateHandle(() => ({
      heard: new Promise((resolve) => {
        window.Echo.private('orders.1').listen('OrderShipped', resolve)
      }),
    }))
    await deployment.laravel.post('/orders/1/ship', { text: 'on its way' })
    expect(await page.evaluate(({ heard }) => heard)).toEqual({ order: 1, text: 'on its way' })
  })
})
