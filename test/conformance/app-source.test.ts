import { pino } from 'pino'
import { afterAll, beforeAll } from 'vitest'
import { Apps, NO_TABLE } from '../../src/apps/apps.ts'
import { PostgresApps } from '../../src/apps/apps-from-postgres.ts'
import { Config } from '../../src/config/schema.ts'
import { countingClock } from '../support/clock.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { readSnippet } from '../support/snippets.ts'
import { type AppInput, describeAppSource } from './app-source.ts'

const log = pino({ level: 'silent' })
const idsOf = (apps: readonly { id: string }[]): string[] => apps.map(({ id }) => id)

describeAppSource('the configuration', async () => {
  const apps = new Apps({ config: Config.parse({}), table: NO_TABLE, log })
  return {
    apps,
    become: async (inputs) => idsOf(apps.update(Config.parse({ apps: [...inputs] }))),
    async [Symbol.asyncDispose]() {},
  }
})

let postgres: TestPostgres

beforeAll(async () => {
  postgres = await startPostgres()
})

afterAll(async () => {
  await postgres[Symbol.asyncDispose]()
})

describeAppSource('a table in PostgreSQL', async () => {
  await postgres.sql('DROP TABLE IF EXISTS apps')
  await postgres.sql(await readSnippet('apps.sql'))
  await postgres.sql(await readSnippet('apps-notify.sql'))
  const config = Config.parse({ postgres: { url: postgres.url, cacheSeconds: 60 } })
  const table = new PostgresApps({
    postgres: { ...config.postgres, url: postgres.url },
    log,
    clock: countingClock(),
  })
  const apps = new Apps({ config, table, log })
  let changed: () => void = () => {}
  const change = (): Promise<void> =>
    new Promise((resolve) => {
      changed = resolve
    })
  const firstRead = change()
  table.start(() => changed())
  await firstRead
  return {
    apps,
    async become(inputs) {
      const read = change()
      await postgres.sql(`BEGIN; DELETE FROM apps; ${inputs.map(insertOf).join(';')}; COMMIT`)
      await read
      return idsOf(apps.update())
    },
    [Symbol.asyncDispose]: () => table.stop(),
  }
})

function insertOf(input: AppInput): string {
  const { id, key, secret, previousSecret, enabled = true, maxConnections = -1 } = input
  const values = [id, key, secret, previousSecret ?? null, enabled, maxConnections]
  const literals = values.map((value) => (typeof value === 'string' ? `'${value}'` : String(value)))
  return `INSERT INTO apps (id, key, secret, previous_secret, enabled, max_connections) VALUES (${literals.join(', ')})`
}
