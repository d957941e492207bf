/** The web console for everybody: by keyboard, in the light and the dark, on a small screen. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium } from '../support/browser.ts'
import { StartedServer } from '../support/command.ts'
import { applicationOf, ConsolePage, linkOf } from '../support/console.ts'
import { faintTexts, focused } from '../support/console-looks.ts'
import { hear, nodeBuild, type Page, subscribe } from '../support/pusher.ts'
import { STARTED_APP } from '../support/pusher-sockets.ts'

const PAGES = [
  ['overview', 'Overview'],
  ['channels', 'Channels'],
  ['connections', 'Connections'],
  ['events', 'Events'],
  ['send', 'Send an event'],
  ['diagnosis', 'Diagnosis'],
] as const

let browser: Browser
let server: StartedServer
let link: string
let ann: Page
beforeAll(async () => {
  browser = await launchChromium()
  server = await StartedServer.start([], { environment: STARTED_APP })
  link = await linkOf(server)
  ann = await applicationOf(server).open(nodeBuild, { id: 'ann', name: 'Ann' })
  await subscribe(ann, 'presence-lobby')
})
afterAll(async () => {
  ann[Symbol.dispose]()
  await browser.close()
  await server[Symbol.asyncDispose]()
})

describe('by keyboard alone', () => {
  it('the content, the pages and the colours are reached, each with its focus seen', async () => {
    await using console = await ConsolePage.open(browser, link)
    await console.stream('live')
    await console.page.locator('body').evaluate((body) => body.focus())
    await console.page.evaluate(() => (document.activeElement as HTMLElement).blur())
    const names: string[] = []
    for (let tabs = 0; tabs < 10; tabs += 1) {
      await console.page.keyboard.press('Tab')
      const { name, isSeen } = await focused(console.page)
      expect(isSeen, `the focus is seen on ${name}`).toBe(true)
      names.push(name)
    }
    expect(names).toEqual([
      'Skip to the content',
      'Resound console, overview',
      'Lock',
      'System',
      'Overview',
      'Channels',
      'Connections',
      'Events',
      'Send',
      'Diagnosis',
    ])
  })

  it('a channel is looked into, and left', async () => {
    await using console = await ConsolePage.open(browser, link)
    const press = (key: string): Promise<void> => console.page.keyboard.press(key)
    await console.go('channels', 'Channels')
    await console.button('presence-lobby').waitFor()
    await press('Tab')
    expect((await focused(console.page)).name).toBe('Name begins with')
    await console.answered(/prefix=presence/, () => console.page.keyboard.type('presence'))
    await press('Tab')
    await press('Tab')
    expect((await focused(console.page)).name).toBe('presence-lobby')
    await press('Enter')
    await console.text('1 member')
    await press('Escape')
    await console.page.getByText('1 member').waitFor({ state: 'detached' })
  })

  it('a connection is closed', async () => {
    using bob = await applicationOf(server).open(nodeBuild)
    const { socket_id: id } = bob.pusher.connection
    const disconnected = hear(bob.pusher.connection, 'disconnected')
    await using console = await ConsolePage.open(browser, link)
    await console.go('connections', 'Connections')
    await console.button(`Close ${id}`).waitFor()
    for (let name = ''; name !== `Close ${id}`; name = (await focused(console.page)).name) {
      await console.page.keyboard.press('Tab')
    }
    await console.page.keyboard.press('Enter')
    await console.page.getByRole('dialog').waitFor()
    expect((await focused(console.page)).name).toBe('Cancel')
    await console.page.keyboard.press('Tab')
    await console.page.keyboard.press('Enter')
    await disconnected.next()
  })

  it('what it says is said aloud', async () => {
    await using console = await ConsolePage.open(browser, link)
    await console.go('send?channel=orders&event=said', 'Send an event')
    await console.button('Send event').press('Enter')
    const aloud = console.page.locator('.unseen[aria-live=polite]')
    await aloud.filter({ hasText: 'Sent to orders' }).waitFor({ state: 'attached' })
  })
})

describe.each(['light', 'dark'] as const)('in the %s', (colorScheme) => {
  it('every text can be told from what it stands on', async () => {
    await using console = await ConsolePage.open(browser, link, { colorScheme })
    await console.stream('live')
    for (const [page, title] of PAGES) {
      await console.go(page, title)
      expect(await faintTexts(console.page), page).toEqual([])
    }
    const isDark = await console.page.evaluate(() => {
      const [red = 255] = getComputedStyle(document.documentElement)
        .backgroundColor.match(/\d+/g)
        ?.map(Number) ?? [255]
      return red < 128
    })
    expect(isDark).toBe(colorScheme === 'dark')
  })
})

it('the switch stays as it was set', async () => {
  await using console = await ConsolePage.open(browser, link, { colorScheme: 'light' })
  await console.stream('live')
  await console.field('Dark').check()
  const scheme = () =>
    console.page.evaluate(() => getComputedStyle(document.documentElement).colorScheme)
  expect(await scheme()).toBe('dark')
  await console.page.reload()
  expect(await scheme()).toBe('dark')
  await console.field('System').check()
  expect(await scheme()).toBe('light dark')
})

it('fits a screen of 360 pixels', async () => {
  await using console = await ConsolePage.open(browser, link, { width: 360 })
  await console.stream('live')
  for (const [page, title] of PAGES) {
    await console.go(page, title)
    const width = await console.page.evaluate(() => document.documentElement.scrollWidth)
    expect(width, page).toBeLessThanOrEqual(360)
  }
})
