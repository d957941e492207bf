import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { FAILURES } from '../../src/bridge/outcome.ts'
import { Config } from '../../src/config/schema.ts'
import { Page } from '../support/page.ts'
import { readSnippet } from '../support/snippets.ts'

const page = new Page('bridge.md')

describe('the page about the authorisation bridge', () => {
  it('lists every outcome with its status', () => {
    const shown = page
      .rows()
      .filter(([, status = '']) => /^\d+$/.test(status))
      .map(([outcome, status]) => [outcome, Number(status)])
    const failures = Object.entries(FAILURES).map(([name, { status }]) => [`\`${name}\``, status])
    expect(shown).toEqual([['`passed`', 200], ['`signed`', 200], ...failures])
  })

  it('shows a configuration that is accepted', () => {
    const { apps } = Config.parse(JSON.parse(page.block('json', 'authUrl')))
    expect(apps[0]?.laravel.authUrl).toBe('https://my-app.example')
  })

  it('shows the part of the nginx site that the tests run', async () => {
    expect(await readSnippet('nginx.conf')).toContain(page.block('nginx', 'proxy_pass'))
  })

  it('shows the routes of the app that the tests run', async () => {
    const lines = page.block('php', 'Broadcast::routes').trim().split('\n')
    const routes = path.join(import.meta.dirname, '../support/laravel-app/routes/tokens.php')
    const real = (await readFile(routes, 'utf8')).split('\n').map((line) => line.trim())
    expect(lines).toHaveLength(2)
    expect(real).toEqual(expect.arrayContaining(lines))
  })
})
