import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { TestClient } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { APP, signedPath, startServer, type TestServer } from '../support/server.ts'
import { readSnippet } from '../support/snippets.ts'
import { TestLog } from '../support/test-log.ts'

const SHOP = { id: 'shop', key: 'shop-key', secret: 'shop-secret' }
const INSERT_SHOP = `INSERT INTO apps (id, key, secret) VALUES ('shop', 'shop-key', 'shop-secret')`

let postgres: TestPostgres

beforeAll(async () => {
  postgres = await startPostgres()
})

afterAll(async () => {
  await postgres[Symbol.asyncDispose]()
})

beforeEach(async () => {
  await postgres.sql('DROP TABLE IF EXISTS apps')
  await postgres.sql(await readSnippet('apps.sql'))
})

/** A server whose table has been read. */
async function serverOf(options: { cacheSeconds?: number } = {}): Promise<TestServer> {
  const server = await startServer({ postgres: { url: postgres.url, ...options } })
  await eventually(async () => expect((await fetch(`${server.url}/ready`)).status).toBe(200))
  return server
}

const dial = (server: TestServer, app = SHOP): TestClient =>
  server.dial(server.wsUrl.replace(APP.key, app.key), {}, app)

async function secondsUntil(happened: Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await happened
  return (performance.now() - startedAt) / 1000
}

describe.each([
  ['that notifies of changes', { cacheSeconds: 3600 }, true],
  ['without a trigger, by default', {}, false],
])('an app of a table %s', (_, options, notifies) => {
  beforeEach(async () => {
    if (notifies) await postgres.sql(await readSnippet('apps-notify.sql'))
    await postgres.sql(INSERT_SHOP)
  })

  it('is closed with 4003 within 5 seconds of being disabled, and comes back', async () => {
    await using server = await serverOf(options)
    const ann = await dial(server).established()
    await postgres.sql(`UPDATE apps SET enabled = false WHERE id = 'shop'`)
    expect(await secondsUntil(ann.closed)).toBeLessThan(5)
    expect(await ann.closed).toMatchObject({ code: 4003 })
    expect(await dial(server).closed).toMatchObject({ code: 4003 })

    await postgres.sql(`UPDATE apps SET enabled = true WHERE id = 'shop'`)
    await eventually(() => dial(server).established())
  })

  it('is closed with 4001 within 5 seconds of being deleted', async () => {
    await using server = await serverOf(options)
    const ann = await dial(server).established()
    const other = await server.connect()
    await postgres.sql(`DELETE FROM apps WHERE id = 'shop'`)
    expect(await secondsUntil(ann.closed)).toBeLessThan(5)
    expect(await ann.closed).toMatchObject({ code: 4001 })
    expect(await dial(server).closed).toMatchObject({ code: 4001 })
    await other.expectNothing() // an app of the configuration
  })
})

it('is served over HTTP and WebSocket beside those of the configuration', async () => {
  await postgres.sql(INSERT_SHOP)
  await using server = await serverOf()
  const ann = await dial(server).established()
  await ann.subscribe('private-orders')
  const body = JSON.stringify({ name: 'paid', channel: 'private-orders', data: '{}' })
  const path = signedPath(SHOP, 'POST', '/apps/shop/events', body)
  expect((await fetch(server.url + path, { method: 'POST', body })).status).toBe(200)
  expect(await ann.next()).toMatchObject({ event: 'paid', channel: 'private-orders' })
  expect((await server.trigger('a', 'e', 1)).status).toBe(200)
})

it('has its secret rotated without a moment in which neither works', async () => {
  await postgres.sql(await readSnippet('apps-notify.sql'))
  await postgres.sql(INSERT_SHOP)
  await using server = await serverOf({ cacheSeconds: 3600 })
  const statusWith = async (secret: string): Promise<number> => {
    const path = signedPath({ ...SHOP, secret }, 'GET', '/apps/shop/channels')
    return (await fetch(server.url + path)).status
  }
  expect([await statusWith('shop-secret'), await statusWith('new-secret')]).toEqual([200, 401])

  await postgres.sql(await rotation(0))
  await eventually(async () => expect(await statusWith('new-secret')).toBe(200))
  expect(await statusWith('shop-secret')).toBe(200)
  const ann = await dial(server, { ...SHOP, secret: 'shop-secret' }).established()
  await ann.subscribe('private-a') // signed by a page's backend that has the old secret
  const ben = await dial(server, { ...SHOP, secret: 'new-secret' }).established()
  await ben.subscribe('private-a')

  await postgres.sql(await rotation(1))
  await eventually(async () => expect(await statusWith('shop-secret')).toBe(401))
  expect(await statusWith('new-secret')).toBe(200)
  await ann.expectNothing() // who is in stays in
})

it('keeps its connections when it moves from the configuration to the table', async () => {
  await postgres.sql(await readSnippet('apps-notify.sql'))
  await using server = await serverOf({ cacheSeconds: 3600 })
  const ann = await server.connect()
  await ann.subscribe('private-a')
  await postgres.sql(`INSERT INTO apps (id, key, secret)
    VALUES ('${APP.id}', '${APP.key}', '${APP.secret}'), ('marker', 'marker', 's')`)
  const marker = { id: 'marker', key: 'marker', secret: 's' }
  await eventually(() => dial(server, marker).established()) // so the other row is known, too
  server.server.reload({ ...server.config, apps: [] })
  await ann.expectNothing()
  await postgres.sql(`UPDATE apps SET enabled = false WHERE id = '${APP.id}'`)
  expect(await ann.closed).toMatchObject({ code: 4003 })
})

/** The steps of the page on rotating, with this test's values. */
async function rotation(step: number): Promise<string> {
  const sql = (await readSnippet('apps-rotate.sql')).replaceAll('my-app', 'shop')
  const statement = sql.split(';')[step]
  if (statement === undefined) throw new Error(`apps-rotate.sql has no step ${step}`)
  return statement
}

describe('while PostgreSQL is away', () => {
  it('from the start, a server serves what the configuration has and says the rest may be', async () => {
    await using other = await startPostgres()
    await other.sql(await readSnippet('apps.sql'))
    await other.sql(INSERT_SHOP)
    await other.stop()
    const log = new TestLog()
    await using server = await startServer({ postgres: { url: other.url }, logger: log.logger })
    expect(await log.line(/none are known/)).toMatchObject({
      code: 'RESOUND_POSTGRES_UNREACHABLE',
      remedy: 'Start PostgreSQL, or correct postgres.url, its user or password.',
    })
    expect(await (await fetch(`${server.url}/ready`)).json()).toEqual({
      ready: false,
      reason: 'the table of apps has not been read from PostgreSQL yet',
    })
    const ann = await server.connect()
    expect(await dial(server).closed).toMatchObject({ code: 4100 })
    const path = signedPath(SHOP, 'GET', '/apps/shop/channels')
    expect((await fetch(server.url + path)).status).toBe(503)

    await other.start()
    await eventually(async () => expect((await fetch(`${server.url}/ready`)).status).toBe(200))
    await dial(server).established()
    expect((await fetch(server.url + path)).status).toBe(200)
    expect(await dial(server, { ...SHOP, key: 'no-key' }).closed).toMatchObject({ code: 4001 })
    await ann.expectNothing()
  })

  it('later, its apps are served as they were, and what changed meanwhile counts when it is back', async () => {
    await using other = await startPostgres()
    await other.sql(await readSnippet('apps.sql'))
    await other.sql(INSERT_SHOP)
    await other.sql(`INSERT INTO apps (id, key, secret) VALUES ('blog', 'blog-key', 's')`)
    const log = new TestLog()
    await using server = await startServer({ postgres: { url: other.url }, logger: log.logger })
    await log.line(/reading apps/)
    const ann = await dial(server).established()
    const blogger = await dial(server, { id: 'blog', key: 'blog-key', secret: 's' }).established()

    await other.stop('killed')
    await log.line(/those known stay/)
    await dial(server).established()
    expect((await fetch(`${server.url}/ready`)).status).toBe(200)
    expect(await dial(server, { ...SHOP, key: 'new-key' }).closed).toMatchObject({ code: 4100 })

    await other.start()
    await other.sql(`DELETE FROM apps WHERE id = 'blog'`)
    await other.sql(`INSERT INTO apps (id, key, secret) VALUES ('new', 'new-key', 's')`)
    await log.line(/PostgreSQL is back/)
    expect(await blogger.closed).toMatchObject({ code: 4001 })
    const newcomer = { id: 'new', key: 'new-key', secret: 's' }
    await eventually(() => dial(server, newcomer).established())
    await ann.expectNothing()
    expect(log.lines(/those known stay/)).toHaveLength(1)
    expect(log.lines(/PostgreSQL is back/)).toHaveLength(1)
  })
})
