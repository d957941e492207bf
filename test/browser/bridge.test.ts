/** Pages of another origin than the server's in front of the bridge, in Chromium. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { countsOf, startBridged } from '../support/bridge.ts'
import { launchChromium } from '../support/browser.ts'
import { ChatApp } from '../support/chat-app.ts'
import type { TestServer } from '../support/server.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser.close())

const JOIN = `new Promise((resolve, reject) => Echo.join('room').here(resolve).error(reject))`

const SIGN_IN = `new Promise((resolve, reject) => {
  const { pusher } = Echo.connector
  pusher.bind('pusher:signin_success', resolve)
  pusher.bind('pusher:signin_error', reject)
  pusher.signin()
})`

const listen = (channel: string): string =>
  `new Promise((resolve, reject) => Echo.private('${channel}').subscribed(() => resolve('in')).error(reject))`

/** Asks the bridge as a script on the page can. */
const ask = (server: TestServer, init: object): string =>
  `fetch(${JSON.stringify(`${server.url}/apps/${server.app.id}/auth`)}, ${JSON.stringify({ method: 'POST', body: 'a=1', ...init })})
    .then(({ status }) => status, ({ name }) => name)`

const start = (chat: ChatApp, allowedOrigins: string[], laravel = {}): Promise<TestServer> =>
  startBridged(chat.origin, { app: { allowedOrigins, laravel } })

describe('a page with a token', () => {
  const open = (
    chat: ChatApp,
    server: TestServer,
    token: string,
  ): Promise<Page & AsyncDisposable> =>
    chat.open(browser, server, 'echo-token.js', `localStorage.setItem('token', '${token}')`)

  it('is present and signed in, once the app lists its origin', async () => {
    await using chat = await ChatApp.start()
    await using server = await start(chat, [chat.origin])
    await using page = await open(chat, server, 'ann')
    expect(await page.evaluate(JOIN)).toEqual([{ name: 'Ann' }])
    expect(await page.evaluate(SIGN_IN)).toEqual({
      user_data: '{"id":"1","user_info":{"name":"Ann"}}',
    })
    expect(chat.asked[0]?.headers).toMatchObject({
      authorization: 'Bearer ann',
      origin: chat.origin,
    })
  })

  it('is told why it may not', async () => {
    await using chat = await ChatApp.start()
    await using server = await start(chat, [chat.origin])
    await using page = await open(chat, server, 'nobody')
    expect(await page.evaluate(`${JOIN}.catch((error) => error)`)).toMatchObject({
      type: 'AuthError',
      status: 401,
    })
  })

  it.each([
    ['lists its origin', true, 400],
    ['lets in any', false, 'TypeError'],
  ])('may come with cookies as well to an app that %s: %s', async (_what, isListed, result) => {
    await using chat = await ChatApp.start()
    await using server = await start(chat, [isListed ? chat.origin : '*'])
    await using page = await open(chat, server, 'ann')
    expect(await page.evaluate(ask(server, { credentials: 'include' }))).toBe(result)
    expect(countsOf(server)).toEqual({ invalid: 1 })
  })

  it('is kept out by an app that lists others, whatever it sends', async () => {
    await using chat = await ChatApp.start()
    await using server = await start(chat, ['https://app.example.com'])
    await using page = await open(chat, server, 'ann')
    const headers = { Authorization: 'Bearer ann' }
    expect(await page.evaluate(ask(server, {}))).toBe('TypeError')
    expect(await page.evaluate(ask(server, { headers }))).toBe('TypeError')
    expect(chat.asked).toEqual([])
    expect(countsOf(server)).toEqual({ origin: 2 })
  })
})

describe('a page with a session that asks Laravel itself', () => {
  const open = (
    chat: ChatApp,
    server: TestServer,
    person: string,
  ): Promise<Page & AsyncDisposable> =>
    chat.open(browser, server, 'echo-reverb.js', `document.cookie = 'laravel_session=${person}'`)

  it('is in its private channels where the app has authAtSubscribe', async () => {
    await using chat = await ChatApp.start()
    await using server = await start(chat, [chat.origin], { authAtSubscribe: true })
    await using page = await open(chat, server, 'ann')
    expect(await page.evaluate(listen('users.1'))).toBe('in')
    // The page's own question, which pusher-js takes no signature from, and ours.
    expect(chat.asked.map(({ headers }) => headers.via)).toEqual([undefined, '1.1 resound'])
    expect(chat.asked.map(({ headers }) => headers.cookie)).toEqual(
      Array(2).fill('laravel_session=ann'),
    )
    expect(countsOf(server)).toEqual({ signed: 1 })
  })

  it('is not where it has not', async () => {
    await using chat = await ChatApp.start()
    await using server = await start(chat, [chat.origin])
    await using page = await open(chat, server, 'ann')
    expect(await page.evaluate(`${listen('users.1')}.catch((error) => error)`)).toMatchObject({
      type: 'AuthError',
      status: 401,
    })
    expect(countsOf(server)).toEqual({})
  })
})
