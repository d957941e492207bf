/** One table of apps, served by soketi and by Resound at the same time. */
import { expect, it } from 'vitest'
import { TestClient } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { startPostgres } from '../support/postgres.ts'
import { APP, startServer } from '../support/server.ts'
import { readSnippet } from '../support/snippets.ts'
import { startSoketi } from '../support/soketi.ts'

const SHOP = { key: 'shop-key', secret: 'shop-secret' }

it('a table of soketi, with our trigger and columns added, serves both', async () => {
  await using postgres = await startPostgres()
  await postgres.sql(await readSnippet('apps-soketi.sql'))
  await postgres.sql(await readSnippet('apps-notify.sql'))
  await postgres.sql('ALTER TABLE apps ADD COLUMN previous_secret varchar(200)')
  await postgres.sql(`INSERT INTO apps (id, key, secret, max_connections, enable_client_messages,
      enabled, max_backend_events_per_sec, max_client_events_per_sec, max_read_req_per_sec,
      enable_user_authentication)
    VALUES ('shop', 'shop-key', 'shop-secret', -1, 1, 1, -1, -1, -1, 0)`)
  const { hostname, port, username, password, pathname } = new URL(postgres.url)
  const soketiPort = await freePort()
  await using _soketi = await startSoketi({
    environment: {
      SOKETI_HOST: '127.0.0.1',
      SOKETI_PORT: String(soketiPort),
      SOKETI_APP_MANAGER_DRIVER: 'postgres',
      SOKETI_APP_MANAGER_POSTGRES_TABLE: 'apps',
      SOKETI_DB_POSTGRES_HOST: hostname,
      SOKETI_DB_POSTGRES_PORT: port,
      SOKETI_DB_POSTGRES_USERNAME: username,
      SOKETI_DB_POSTGRES_PASSWORD: password,
      SOKETI_DB_POSTGRES_DATABASE: pathname.slice(1),
    },
  })
  await using server = await startServer({
    postgres: { url: postgres.url, cacheSeconds: 3600 },
  })
  const ours = (): TestClient => server.dial(server.wsUrl.replace(APP.key, SHOP.key), {}, SHOP)
  const theirs = (): TestClient =>
    new TestClient(`ws://127.0.0.1:${soketiPort}/app/${SHOP.key}?protocol=7`, SHOP)
  await eventually(async () => expect((await fetch(`${server.url}/ready`)).status).toBe(200))

  for (const dial of [ours, theirs]) {
    const ann = await dial().established()
    const ben = await dial().established()
    await ann.subscribe('private-room')
    await ben.subscribe('private-room')
    ann.send({ event: 'client-typing', channel: 'private-room', data: { by: 'ann' } })
    expect(await ben.next()).toMatchObject({ event: 'client-typing', channel: 'private-room' })
    ben.terminate()
    ann.terminate()
  }

  const ann = await ours().established()
  await postgres.sql(`UPDATE apps SET enabled = 0 WHERE id = 'shop'`)
  expect(await ann.closed).toMatchObject({ code: 4003 })
  expect(await theirs().closed).toMatchObject({ code: 4003 })
}, 60_000)
