/** Who may look at the web console, and who may change things with it. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium } from '../support/browser.ts'
import { StartedServer } from '../support/command.ts'
import { ConsolePage, linkOf } from '../support/console.ts'
import { freePort } from '../support/free-port.ts'
import { Sockets, STARTED_APP } from '../support/pusher-sockets.ts'

const TOKEN = 'a-token-of-sixteen'

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser.close())

const start = (more: Readonly<Record<string, string>> = {}): Promise<StartedServer> =>
  StartedServer.start([], { environment: { ...STARTED_APP, ...more } })

const keyOf = (link: string): string => new URL(link).hash.replace('#key=', '')

describe('without a token', () => {
  let server: StartedServer
  beforeAll(async () => {
    server = await start()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  it('whoever is on the host may look, and change nothing', async () => {
    using _sockets = await Sockets.open(server.port, 1)
    await using console = await ConsolePage.open(browser, server.admin)
    await console.figure('connections', '1')
    await console.go('connections', 'Connections')
    await console.text('1 connection')
    const close = console.page.getByRole('button', { name: /^Close \d/ })
    expect(await close.isDisabled()).toBe(true)
    await console.go('events', 'Events')
    const payloads = console.field('Show what events carry (for operators)')
    expect(await payloads.isDisabled()).toBe(true)
    await console.go('send?channel=a&event=b', 'Send an event')
    expect(await console.button('Send event').isDisabled()).toBe(true)
    await console.go('diagnosis', 'Diagnosis')
    expect(await console.button('Run diagnosis').isDisabled()).toBe(true)
    expect(console.problems).toEqual([])
  })

  it('the link has the key, which leaves the address and is kept for the tab alone', async () => {
    const link = await linkOf(server)
    await using console = await ConsolePage.open(browser, link)
    await console.text('Operator')
    expect(console.page.url()).toBe(`${server.admin}/#/overview`)
    const kept = await console.page.evaluate(() => [
      Object.values(sessionStorage),
      Object.values(localStorage).join(),
      document.cookie,
    ])
    expect(kept).toEqual([[keyOf(link)], 'system', ''])
    await console.page.reload()
    await console.text('Operator')
    await console.button('Lock').click()
    await console.text('View only')
    expect(server.output).not.toContain(keyOf(link))
  })

  it('the key unlocks it as well, and another does not', async () => {
    const link = await linkOf(server)
    await using console = await ConsolePage.open(browser, server.admin)
    await console.button('View only: unlock').click()
    await console.field('Key or token').fill('not-the-key')
    await console.button('Unlock').click()
    await console.text('The server does not accept this.')
    await console.field('Key or token').fill(link)
    await console.button('Unlock').click()
    await console.text('Operator')
    expect(console.problems).toEqual([])
  })

  it('a page of another origin is refused', async () => {
    await using other = await start()
    await using console = await ConsolePage.open(browser, other.admin)
    const asked = await console.page.evaluate(
      (admin) =>
        Promise.all(
          ['/samples', '/channels', '/tail', '/console/access'].map((path) =>
            fetch(`${admin}${path}`).then(
              () => 'read',
              ({ name }) => name,
            ),
          ),
        ),
      server.admin,
    )
    expect(asked).toEqual(Array(4).fill('TypeError'))
  })
})

describe('with a token', () => {
  let server: StartedServer
  beforeAll(async () => {
    server = await start({ RESOUND_ADMIN_TOKEN: TOKEN })
  })
  afterAll(() => server[Symbol.asyncDispose]())

  it('nothing is shown before it is given', async () => {
    await using console = await ConsolePage.open(browser, server.admin)
    await console.field('Admin token').fill('another-token-of-it')
    await console.button('Open').click()
    await console.text('The server does not accept this.')
    expect(new Set(console.requests.map(({ pathname }) => pathname.split('-')[0]))).toEqual(
      new Set(['/', '/console/console', '/console/icon', '/console/access']),
    )
    await console.field('Admin token').fill(TOKEN)
    await console.page.keyboard.press('Enter')
    await console.text('Operator')
    await console.stream('live')
    expect(console.problems).toEqual([])
  })

  it('the key of the link opens it too', async () => {
    await using console = await ConsolePage.open(browser, await linkOf(server))
    await console.text('Operator')
  })

  it('it is asked for again in another tab', async () => {
    await using console = await ConsolePage.open(browser, server.admin)
    await console.field('Admin token').fill(TOKEN)
    await console.button('Open').click()
    await console.text('Operator')
    const tab = await console.page.context().newPage()
    await tab.goto(server.admin)
    await tab.getByLabel('Admin token').waitFor()
  })
})

it('comes back to a server that was started again, where the key before is none', async () => {
  const port = await freePort()
  const environment = { RESOUND_ADMIN_PORT: String(port) }
  await using before = await start(environment)
  await using console = await ConsolePage.open(browser, await linkOf(before))
  await console.stream('live')
  before.signal('SIGKILL')
  await before.exit()
  await console.stream('waiting')
  await using after = await start(environment)
  using _sockets = await Sockets.open(after.port, 3)
  await console.stream('live')
  await console.figure('connections', '3')
  await console.text('View only')
}, 40_000)
