/** The diagnosis in the web console: run on the server, shown with its causes and fixes. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchChromium } from '../support/browser.ts'
import { StartedServer } from '../support/command.ts'
import { ConsolePage, linkOf } from '../support/console.ts'
import { Directory } from '../support/directory.ts'

/** The whole diagnosis is run, on a machine that may be busy. */
const DIAGNOSIS_MILLISECONDS = 60_000

const config = (more = {}) => ({ apps: [{ id: '1', key: 'key', secret: 'a-secret' }], ...more })

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser.close())

it('what is wrong comes first, with a fix that can be copied', async () => {
  using directory = new Directory({ 'resound.json': config() })
  const file = directory.file('resound.json')
  await using server = await StartedServer.start(['--config', file])
  directory.write('resound.json', config({ activityTimeoutSeconds: 60 }))
  await using console = await ConsolePage.open(browser, await linkOf(server))
  await console.page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await console.go('diagnosis', 'Diagnosis')
  await console.button('Run diagnosis').click()
  await console.text('The server is asking itself')
  expect(await console.button('Running…').isDisabled()).toBe(true)
  const finding = console.page.getByRole('article').filter({ hasText: 'server.configuration' })
  await finding.waitFor({ timeout: DIAGNOSIS_MILLISECONDS })
  expect(await finding.getAttribute('data-outcome')).toBe('warning')
  expect(await finding.textContent()).toContain('activityTimeoutSeconds')
  await finding.getByRole('button', { name: 'Copy' }).click()
  await finding.getByRole('button', { name: 'Copied' }).waitFor()
  const copied = await console.page.evaluate(() => navigator.clipboard.readText())
  expect(copied).toBe(`resound restart --config ${file}`)
  expect(console.problems).toEqual([])
}, 90_000)
