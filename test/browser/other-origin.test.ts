/** A page of another origin than the server's, with the token set-up of the documentation, in Chromium. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { countsOf, startBridged } from '../support/bridge.ts'
import { launchChromium } from '../support/browser.ts'
import { redisDriver } from '../support/redis-driver.ts'
import type { TestServer } from '../support/server.ts'
import { SNIPPETS } from '../support/snippets.ts'
import { Upstream } from '../support/upstream.ts'

let browser: Browser
let site: Site
beforeAll(async () => {
  browser = await launchChromium()
  site = await serve()
})
afterAll(async () => {
  await site[Symbol.asyncDispose]()
  await browser.close()
})

interface Site extends AsyncDisposable {
  readonly origin: string
  /** What its page loads. */
  script: string
}

async function serve(): Promise<Site> {
  const server = createServer(({ url }, response) => {
    const isScript = url === '/page.js'
    response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? page.script : '<!DOCTYPE html><script src="page.js"></script>')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const page = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    script: '',
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  return page
}

/** Opens the page in a browser whose person has this token. */
async function open(server: TestServer, token: string): Promise<Page & AsyncDisposable> {
  const variables = {
    VITE_REVERB_APP_ID: server.app.id,
    VITE_REVERB_APP_KEY: server.app.key,
    VITE_REVERB_HOST: server.host,
    VITE_REVERB_PORT: String(server.port),
    VITE_REVERB_SCHEME: 'http',
  }
  const { outputFiles } = await build({
    entryPoints: [path.join(SNIPPETS, 'echo-token.js')],
    bundle: true,
    write: false,
    platform: 'browser',
    define: { 'import.meta.env': JSON.stringify(variables) },
  })
  site.script = outputFiles[0]?.text ?? ''
  const context = await browser.newContext()
  await context.addInitScript(`localStorage.setItem('token', ${JSON.stringify(token)})`)
  const page = await context.newPage()
  await page.goto(site.origin)
  return Object.assign(page, { [Symbol.asyncDispose]: () => context.close() })
}

const join = `new Promise((resolve, reject) => Echo.join('room').here(resolve).error(reject))`

const signIn = `new Promise((resolve, reject) => {
  const { pusher } = Echo.connector
  pusher.bind('pusher:signin_success', resolve)
  pusher.bind('pusher:signin_error', reject)
  pusher.signin()
})`

/** Asks the bridge as a script on the page can. */
const askFrom = (server: TestServer, init: object): string =>
  `fetch(${JSON.stringify(`${server.url}/apps/${server.app.id}/auth`)}, ${JSON.stringify({ method: 'POST', ...init })})
    .then(({ status }) => status, ({ name }) => name)`

describe('a page of another origin', () => {
  it('is present and signed in with its token, once the app lists the origin', async () => {
    await using laravel = await Upstream.start(redisDriver)
    await using server = await startBridged(laravel.url, { app: { allowedOrigins: [site.origin] } })
    await using page = await open(server, 'ann')
    expect(await page.evaluate(join)).toEqual([{ name: 'Ann' }])
    expect(await page.evaluate(signIn)).toEqual({
      user_data: '{"id":"1","user_info":{"name":"Ann"}}',
    })
    expect(laravel.asked[0]?.headers).toMatchObject({
      authorization: 'Bearer ann',
      origin: site.origin,
    })
  })

  it('is told why it may not', async () => {
    await using laravel = await Upstream.start(redisDriver)
    await using server = await startBridged(laravel.url, { app: { allowedOrigins: [site.origin] } })
    await using page = await open(server, 'nobody')
    const refused = await page.evaluate(`${join}.catch((error) => error)`)
    expect(refused).toMatchObject({ type: 'AuthError', status: 401 })
  })

  it('may send cookies only to an app that lists its origin', async () => {
    await using laravel = await Upstream.start(redisDriver)
    const include = { credentials: 'include', body: 'a=1' }
    for (const [allowedOrigins, result] of [
      [[site.origin], 400],
      [['*'], 'TypeError'],
    ] as const) {
      await using server = await startBridged(laravel.url, {
        app: { allowedOrigins: [...allowedOrigins] },
      })
      await using page = await open(server, 'ann')
      expect(await page.evaluate(askFrom(server, include))).toBe(result)
      expect(countsOf(server)).toEqual({ invalid: 1 })
    }
  })

  it('is kept out by an app that lists others, whatever it sends', async () => {
    await using laravel = await Upstream.start(redisDriver)
    await using server = await startBridged(laravel.url, {
      app: { allowedOrigins: ['https://app.example.com'] },
    })
    await using page = await open(server, 'ann')
    const headers = { Authorization: 'Bearer ann' }
    expect(await page.evaluate(askFrom(server, { body: 'a=1' }))).toBe('TypeError')
    expect(await page.evaluate(askFrom(server, { body: 'a=1', headers }))).toBe('TypeError')
    expect(laravel.asked).toEqual([])
    expect(countsOf(server)).toEqual({ origin: 2 })
  })
})
