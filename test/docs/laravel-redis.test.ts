import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Browser } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { buildPage, launchChromium } from '../support/browser.ts'
import { logIn } from '../support/chat.ts'
import { StartedServer } from '../support/command.ts'
import { freePort } from '../support/free-port.ts'
import { Inbox } from '../support/inbox.ts'
import { ANN, BEN, type Person, serveLaravel } from '../support/laravel.ts'
import { startNginx } from '../support/nginx.ts'
import { Page } from '../support/page.ts'
import { startRedis } from '../support/redis.ts'
import { laravelEnv, nginxSite, readSnippet } from '../support/snippets.ts'

const PAGE = new Page('laravel-redis.md')
const APP = path.join(import.meta.dirname, '../support/laravel-app')
const CHANNELS = PAGE.block('php', "Broadcast::channel('chat.{chat}'")

describe("the page about Laravel's redis driver", () => {
  it.each([
    ['sh', 'redis.env'],
    ['js', 'echo-redis.js'],
    ['js', 'echo-redis-cookies.js'],
    ['js', 'echo-token.js'],
    ['nginx', 'nginx.conf'],
  ])('shows as %s what the tests run as %s', async (language, snippet) => {
    expect(PAGE.blocks(language)).toContain(await readSnippet(snippet))
  })

  it('shows lines of the app that the tests run', async () => {
    const linesOf = (text: string) => text.split('\n').map((line) => line.trim())
    const blocks = PAGE.blocks('php').filter((block) => block !== CHANNELS)
    const files = [
      'config/broadcasting.php',
      'routes/broadcasting.php',
      'routes/channels.php',
      'routes/tokens.php',
    ]
    const texts = await Promise.all(files.map((file) => readFile(path.join(APP, file), 'utf8')))
    const real = texts.flatMap(linesOf)

    expect(blocks.length).toBeGreaterThan(4)
    expect(blocks.flatMap(linesOf).filter((line) => !real.includes(line))).toEqual([])
  })

  it('brings presence into the browser, step by step', async () => {
    await using redis = await startRedis()
    await using laravel = await serveLaravel()
    const [port, serverPort] = [await freePort(), await freePort()]
    const origin = `http://localhost:${port}`

    const env = await laravelEnv('redis', {
      APP_URL: origin,
      REDIS_PORT: redis.port,
      REVERB_PORT: port,
      REVERB_SERVER_PORT: serverPort,
    })
    await laravel.configure(env)
    await laravel.artisan('migrate', '--force')
    await writeFile(path.join(laravel.directory, 'routes/channels.php'), CHANNELS)
    const script = path.join(laravel.directory, 'presence.js')
    await writeFile(script, PAGE.block('js', 'Echo.join'))
    const assets = path.join(laravel.directory, 'public/page')
    await buildPage(assets, { setup: 'redis', env, encrypted: false, script })
    await using _nginx = await startNginx(
      await nginxSite({
        page: port,
        resound: serverPort,
        laravel: Number(new URL(laravel.url).port),
      }),
    )
    const { environment, args } = PAGE.command('start')
    await using server = await StartedServer.start(
      args.slice(1).map((word) => (word === '../my-app' ? laravel.directory : word)),
      {
        directory: laravel.directory,
        environment: {
          ...environment,
          RESOUND_PORT: undefined,
        },
      },
    )
    await server.logged('listening to Redis')

    await using browser = await launchChromium()
    const ann = await open(browser, origin, ANN)
    const [toAnn, annIs] = [ann.said, { id: 1, name: 'Ann' }]
    expect(await toAnn.next()).toEqual(['here', [annIs]])
    const ben = await open(browser, origin, BEN)
    const benIs = { id: 2, name: 'Ben' }
    expect(await ben.said.next()).toEqual(['here', [annIs, benIs]])
    expect(await toAnn.next()).toEqual(['joining', benIs])
    await ben.close()
    expect(await toAnn.next()).toEqual(['leaving', benIs])
    await ann.close()
  })
})

/** Logs in with a browser of its own, whose console is heard. */
async function open(
  browser: Browser,
  origin: string,
  person: Person,
): Promise<{ said: Inbox; close(): Promise<void> }> {
  const context = await browser.newContext()
  const page = await context.newPage()
  const said = new Inbox()
  page.on('console', (message) => {
    Promise.all(message.args().map((value) => value.jsonValue())).then(said.push, said.push)
  })
  await logIn(page, origin, person)
  return { said, close: () => context.close() }
}
