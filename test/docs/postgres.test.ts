import { existsSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { COLUMNS } from '../../src/apps/app-row.ts'
import { Reading } from '../apps/reading.ts'
import { TestClient } from '../support/client.ts'
import { StartedServer } from '../support/command.ts'
import { Directory } from '../support/directory.ts'
import { eventually } from '../support/eventually.ts'
import { serveLaravel } from '../support/laravel.ts'
import { codeIn, Page } from '../support/page.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { readSnippet, SNIPPETS } from '../support/snippets.ts'

const MIGRATION = '2026_01_01_000000_create_apps_table.php'

let postgres: TestPostgres

beforeAll(async () => {
  postgres = await startPostgres()
})

afterAll(async () => {
  await postgres[Symbol.asyncDispose]()
})

it('the page about PostgreSQL lists every column that is read', () => {
  const listed = new Page('postgres.md').rows().flatMap(([cell = '']) => codeIn(cell))
  expect(COLUMNS.filter((column) => !listed.includes(column))).toEqual([])
})

it('its command serves the apps of the table, and makes up none', async () => {
  await postgres.sql(await readSnippet('apps.sql'))
  await postgres.sql(`INSERT INTO apps (id, key, secret) VALUES ('my-app', 'key', 'my-secret')`)
  using directory = new Directory()
  const { environment, args } = new Page('postgres.md').command('start')
  expect(Object.keys(environment)).toEqual(['RESOUND_POSTGRES_URL'])
  await using server = await StartedServer.start(args.slice(1), {
    directory: directory.path,
    environment: { RESOUND_POSTGRES_URL: postgres.url },
  })
  await server.logged('reading apps from PostgreSQL')
  const client = new TestClient(`ws://127.0.0.1:${server.port}/app/key`, {
    key: 'key',
    secret: 'my-secret',
  })
  await client.established()
  expect(existsSync(directory.file('.resound'))).toBe(false)

  server.signal('SIGHUP')
  await server.logged('reloaded')
  await postgres.sql(await readSnippet('apps-disable.sql'))
  expect(await client.closed).toMatchObject({ code: 4003 })
  expect(server.output).not.toContain('postgres-password')
  await postgres.sql('DROP TABLE apps')
})

it('its Laravel migration makes a table that is read and that notifies', async () => {
  await using laravel = await serveLaravel()
  await copyFile(
    path.join(SNIPPETS, MIGRATION),
    path.join(laravel.directory, 'database/migrations', MIGRATION),
  )
  const { hostname, port, username, password, pathname } = new URL(postgres.url)
  await laravel.configure(
    [
      'DB_CONNECTION=pgsql',
      `DB_HOST=${hostname}`,
      `DB_PORT=${port}`,
      `DB_DATABASE=${pathname.slice(1)}`,
      `DB_USERNAME=${username}`,
      `DB_PASSWORD=${password}`,
    ].join('\n'),
  )
  await laravel.artisan('migrate', '--force')
  await using reading = await new Reading({ url: postgres.url, cacheSeconds: 3600 }).begun()
  await postgres.sql(`INSERT INTO apps (id, key, secret) VALUES ('1', 'key-1', 'secret-1')`)
  await eventually(() =>
    expect(reading.table.apps).toMatchObject([
      { id: '1', enabled: true, maxConnections: 0, allowedOrigins: ['*'], webhooks: [] },
    ]),
  )
  await laravel.artisan('migrate:rollback', '--force')
  expect(await postgres.sql(`SELECT to_regclass('apps') AS found`)).toEqual([{ found: null }])
})
