/** What PostgreSQL may do while clients are connected to its apps. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { TestClient } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { APP, signedPath, startServer, type TestServer } from '../support/server.ts'
import { readSnippet } from '../support/snippets.ts'
import { TestLog } from '../support/test-log.ts'

const SHOP = { id: 'shop', key: 'shop-key', secret: 'shop-secret' }

let postgres: TestPostgres
let server: TestServer
const log = new TestLog()
let ann: TestClient

beforeAll(async () => {
  postgres = await startPostgres()
  await postgres.sql(await readSnippet('apps.sql'))
  await postgres.sql(await readSnippet('apps-notify.sql'))
  await postgres.sql(
    `INSERT INTO apps (id, key, secret) VALUES ('shop', 'shop-key', 'shop-secret')`,
  )
  const options = { url: postgres.url, cacheSeconds: 2 }
  server = await startServer({ postgres: options, logger: log.logger })
  await log.line(/reading apps/)
  ann = await dial().established()
  await ann.subscribe('private-orders')
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await postgres[Symbol.asyncDispose]()
})

const dial = (key = SHOP.key): TestClient =>
  server.dial(server.wsUrl.replace(APP.key, key), {}, { ...SHOP, key })

/** Ann has stayed, and hears what is published; others come in; new clients are sent here. */
async function servesOn(): Promise<void> {
  const body = JSON.stringify({ name: 'paid', channel: 'private-orders', data: '{}' })
  const path = signedPath(SHOP, 'POST', '/apps/shop/events', body)
  expect((await fetch(server.url + path, { method: 'POST', body })).status).toBe(200)
  expect(await ann.next()).toMatchObject({ event: 'paid' })
  await dial().established()
  expect((await fetch(`${server.url}/ready`)).status).toBe(200)
}

/** A change that is made now is known. */
async function hearsOfChanges(key: string): Promise<void> {
  await postgres.sql(`INSERT INTO apps (id, key, secret) VALUES ($1, $1, 's')`, [key])
  await eventually(() => dial(key).established())
  expect(await dial('nobody').closed).toMatchObject({ code: 4001 })
}

const timesLost = (): number => log.lines(/those known stay/).length
const timesBack = (): number => log.lines(/PostgreSQL is back/).length

/** Resolves when it has been said, once more than `before`. */
const saidAgain = (times: () => number, before: number): Promise<void> =>
  eventually(() => expect(times()).toBe(before + 1))

describe('PostgreSQL, while clients are connected to its apps,', () => {
  let [lost, back] = [0, 0]

  beforeEach(() => {
    lost = timesLost()
    back = timesBack()
  })

  it('may end the connection', async () => {
    await postgres.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'resound'`)
    await servesOn()
    await saidAgain(timesLost, lost)
    await saidAgain(timesBack, back)
    await hearsOfChanges('after-the-end')
  })

  it('may fall silent, with its connections open', async () => {
    await postgres.pause()
    try {
      await eventually(async () =>
        expect(await dial('nobody').closed).toMatchObject({ code: 4100 }),
      )
      await saidAgain(timesLost, lost)
      await servesOn()
    } finally {
      await postgres.resume()
    }
    await saidAgain(timesBack, back)
    await servesOn()
    await hearsOfChanges('after-the-silence')
  }, 40_000)

  it('may be killed, and recovers with what was committed', async () => {
    await postgres.sql(`INSERT INTO apps (id, key, secret) VALUES ('blog', 'blog', 's')`)
    await eventually(() => dial('blog').established())
    const ben = await dial('blog').established()
    await postgres.stop('killed')
    await saidAgain(timesLost, lost)
    await servesOn()
    await postgres.start()
    await postgres.sql(`DELETE FROM apps WHERE id = 'blog'`)
    expect(await ben.closed).toMatchObject({ code: 4001 })
    await saidAgain(timesBack, back)
    await servesOn()
    await hearsOfChanges('after-the-crash')
  }, 40_000)

  it('may be without the table for a while, as in a migration', async () => {
    await postgres.sql('ALTER TABLE apps RENAME TO other')
    await saidAgain(timesLost, lost)
    expect(log.lines(/those known stay/).at(-1)).toMatchObject({
      code: 'RESOUND_POSTGRES_UNREADABLE',
      reason: 'there is no table apps',
    })
    await servesOn()
    await postgres.sql('ALTER TABLE other RENAME TO apps')
    await saidAgain(timesBack, back)
    await hearsOfChanges('after-the-migration')
  }, 40_000)
})
