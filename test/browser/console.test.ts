/** The web console in Chromium: what it shows is what is there, and what it does is done. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium } from '../support/browser.ts'
import { StartedServer } from '../support/command.ts'
import { AT_ONCE, applicationOf, ConsolePage, linkOf } from '../support/console.ts'
import type { Application } from '../support/pusher.ts'
import { hear, nodeBuild, subscribe } from '../support/pusher.ts'
import { Sockets, STARTED_APP } from '../support/pusher-sockets.ts'
import { StallingLink } from '../support/stalling-link.ts'

const ANN = { id: 'ann', name: 'Ann' }
const BOB = { id: 'bob', name: 'Bob' }

let browser: Browser
let server: StartedServer
let application: Application
let link: string
beforeAll(async () => {
  browser = await launchChromium()
  server = await StartedServer.start([], { environment: { ...STARTED_APP, ...AT_ONCE } })
  application = applicationOf(server)
  link = await linkOf(server)
})
afterAll(async () => {
  await browser.close()
  await server[Symbol.asyncDispose]()
})

it('loads from the server alone, under its policy, without a complaint', async () => {
  await using console = await ConsolePage.open(browser, link)
  await console.stream('live')
  for (const [page, title] of [
    ['channels', 'Channels'],
    ['connections', 'Connections'],
    ['events', 'Events'],
    ['send', 'Send an event'],
    ['diagnosis', 'Diagnosis'],
    ['overview', 'Overview'],
  ] as const) {
    await console.go(page, title)
  }
  expect(console.problems).toEqual([])
  expect(new Set(console.requests.map(({ origin }) => origin))).toEqual(new Set([server.admin]))
})

it('the overview says what is there and what happens', async () => {
  await using console = await ConsolePage.open(browser, link)
  await console.text('Ready: serving')
  await console.figure('connections', '0')
  using _sockets = await Sockets.open(server.port, 7)
  using page = await application.open(nodeBuild)
  await subscribe(page, 'orders')
  await console.figure('connections', '8')
  await console.figure('subscriptions', '1')
  const connections = console.page.getByRole('img', { name: /^Connections, .* Open 8$/ })
  await connections.waitFor()
  const received = hear(page.pusher.channel('orders'), 'shipped')
  const figure = console.page.locator('[data-figure=events]')
  for (let sent = 0; (await figure.textContent()) === '0/s'; sent += 1) {
    await application.sdk.trigger('orders', 'shipped', { sent })
    expect(await received.next()).toEqual({ sent })
  }
  await console.page.getByRole('img', { name: /^Events in, .* HTTP [1-9]/ }).waitFor()
})

it('channels are found by how they begin, with their members', async () => {
  using ann = await application.open(nodeBuild, ANN)
  using bob = await application.open(nodeBuild, BOB)
  await subscribe(ann, 'presence-lobby')
  await subscribe(bob, 'presence-lobby')
  await subscribe(bob, 'news')
  await using console = await ConsolePage.open(browser, link)
  await console.go('channels', 'Channels')
  await console.row('news').waitFor()
  await console.field('Name begins with').fill('pres')
  await console.row('news').waitFor({ state: 'detached' })
  const cells = await console.row('presence-lobby').getByRole('cell').allTextContents()
  expect(cells).toEqual(['presence-lobby', '1', 'presence', '2', '2'])
  await console.button('presence-lobby').click()
  await console.text('2 members')
  const members = console.page.getByRole('list', { name: 'Members' }).getByRole('listitem')
  expect(await members.allTextContents()).toEqual(['ann', 'bob'])
  expect(console.page.url()).toContain('#/channels?prefix=pres')
})

it('a list follows what happens without being asked to', async () => {
  await using console = await ConsolePage.open(browser, link)
  await console.go('channels', 'Channels')
  await console.text('Nobody has subscribed to a channel yet.')
  using ann = await application.open(nodeBuild, ANN)
  await subscribe(ann, 'news')
  await console.row('news').waitFor()
})

describe('connections', () => {
  it('are closed once that is confirmed', async () => {
    using ann = await application.open(nodeBuild, ANN)
    await subscribe(ann, 'presence-lobby')
    using bob = await application.open(nodeBuild, BOB)
    const { socket_id: id } = bob.pusher.connection
    const disconnected = hear(bob.pusher.connection, 'disconnected')
    await using console = await ConsolePage.open(browser, link)
    await console.go('connections', 'Connections')
    await console.button(`Close ${id}`).click()
    await console.button('Cancel').click()
    expect(bob.pusher.connection.state).toBe('connected')
    await console.button(`Close ${id}`).click()
    await console.button('Close connection').click()
    await disconnected.next()
    await console.text('1 connection was closed.')
    await console.row(id).waitFor({ state: 'detached' })
    expect(ann.pusher.connection.state).toBe('connected')
  })

  it('of a user are found and closed together', async () => {
    using ann = await application.open(nodeBuild, ANN)
    using phone = await application.open(nodeBuild, ANN)
    using bob = await application.open(nodeBuild, BOB)
    for (const page of [ann, phone, bob]) await subscribe(page, 'presence-lobby')
    await using console = await ConsolePage.open(browser, link)
    await console.go('connections?user=ann', 'Connections')
    await console.text('2 connections')
    const gone = [ann, phone].map(({ pusher }) => hear(pusher.connection, 'disconnected'))
    await console.button('Disconnect user ann').first().click()
    await console.page.getByRole('dialog').getByRole('button', { name: 'Disconnect user' }).click()
    for (const inbox of gone) await inbox.next()
    await console.text('2 connections were closed.')
    expect(bob.pusher.connection.state).toBe('connected')
  })
})

it('an event that is sent arrives at pusher-js', async () => {
  using ann = await application.open(nodeBuild, ANN)
  const received = hear(await subscribe(ann, 'orders'), 'OrderShipped')
  await using console = await ConsolePage.open(browser, link)
  await console.go('send?channel=orders', 'Send an event')
  await console.field('Event').fill('OrderShipped')
  await console.field('Data, as JSON').fill('{"id": 7')
  await console.text('This is not JSON yet.')
  expect(await console.button('Send event').isDisabled()).toBe(true)
  await console.field('Data, as JSON').fill('{"id": 7}')
  await console.button('Send event').click()
  expect(await received.next()).toEqual({ id: 7 })
  await console.text('1 subscription.')
})

it('says what the server refuses', async () => {
  await using console = await ConsolePage.open(browser, link)
  await console.go('send?channel=no%20channel&event=said', 'Send an event')
  await console.button('Send event').click()
  await console.page.locator('.notice.bad').waitFor()
})

describe('the stream of events', () => {
  const following = async (place: string): Promise<ConsolePage> => {
    const console = await ConsolePage.open(browser, link)
    await console.go(place, 'Events')
    await console.text('Following')
    return console
  }

  it('shows what its filter lets through, the newest first', async () => {
    await using console = await following('events')
    const channel = console.field('Channel, * for anything')
    await console.answered(/tail\?channel=orders/, () => channel.fill('orders.*'))
    await console.answered(/kinds=event/, () => console.field('Subscribed').uncheck())
    for (const [channel, event] of [
      ['orders.1', 'first'],
      ['news', 'other'],
      ['orders.2', 'second'],
    ] as const) {
      await application.sdk.trigger(channel, event, { secret: 'not shown' })
    }
    await console.row('second').waitFor()
    const rows = await console.page.getByRole('row').allTextContents()
    expect(rows.map((row) => /first|other|second/.exec(row)?.[0])).toEqual([
      undefined, // the head
      'second',
      'first',
    ])
    expect(rows.join()).not.toContain('not shown')
  })

  it('shows what events carry when it is asked to', async () => {
    await using console = await following('events')
    const payloads = console.field('Show what events carry')
    await console.answered(/payloads=1/, () => payloads.check())
    await application.sdk.trigger('orders', 'said', { text: 'hello' })
    await console.page.locator('.payload', { hasText: '{"text":"hello"}' }).waitFor()
  })

  it('stands still while it is paused, and loses nothing', async () => {
    await using console = await following('events?kinds=event')
    await application.sdk.trigger('orders', 'before', {})
    await console.row('before').waitFor()
    await console.button('Pause').click()
    await application.sdk.trigger('orders', 'meanwhile', {})
    await console.text('Paused: 1 have come since')
    expect(await console.row('meanwhile').count()).toBe(0)
    await console.button('Resume').click()
    await console.row('meanwhile').waitFor()
  })

  it('keeps the newest 500', async () => {
    await using console = await following('events?kinds=event')
    for (let batch = 0; batch < 6; batch += 1) {
      const channels = Array.from({ length: 100 }, (_, index) => `c-${batch}-${index}`)
      await application.sdk.trigger(channels, 'said', {})
    }
    await console.row('c-5-99').waitFor()
    await console.text('The newest 500')
    expect(await console.page.locator('tbody tr').count()).toBe(500)
  })
})

it('gives up a stream that has been silent for too long, says so, and joins it again', async () => {
  using stalling = await StallingLink.to(Number(new URL(server.admin).port))
  const through = link.replace(new URL(server.admin).host, `127.0.0.1:${stalling.port}`)
  await using console = await ConsolePage.open(browser, through, { hasClock: true })
  await console.stream('live')
  const { clock } = console.page
  const passes = async (seconds: number): Promise<void> =>
    clock.pauseAt((await console.page.evaluate(() => Date.now())) + 1000 * seconds)

  await passes(3)
  stalling.stall()
  await passes(10) // what is still on its way may come after the first of these
  await console.stream('live')
  await passes(15)
  await console.stream('waiting')
  const pill = console.page.locator('header [data-stream]')
  expect(await pill.textContent()).toBe('Reconnecting')
  expect(await pill.getAttribute('title')).toBe('The server did not answer in time.')

  using _sockets = await Sockets.open(server.port, 3)
  stalling.resume()
  await clock.resume()
  await console.stream('live')
  await console.figure('connections', '3')
})

it('asks for next to nothing while it is looked at', async () => {
  await using console = await ConsolePage.open(browser, link)
  await console.stream('live')
  const first = console.requests.map(({ pathname }) => pathname.replace(/-\w+\./, '.'))
  expect(first.sort()).toEqual([
    '/',
    '/console/access',
    '/console/console.css',
    '/console/console.js',
    '/console/icon.svg',
    '/samples',
  ])
  await console.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 4000)))
  expect(console.requests.length).toBe(first.length)
})
