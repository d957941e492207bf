import { expect, it } from 'vitest'
import { startServer } from '../support/server.ts'
import { TestLog } from '../support/test-log.ts'

const app = (id: string, allowedOrigins: string[]) => ({
  id,
  key: `key-${id}`,
  secret: 's',
  allowedOrigins,
})

it('is warned about once for each app, at the start and when it is newly so', async () => {
  const log = new TestLog()
  const warnings = (): unknown[] =>
    log.lines(/any origin/).map(({ apps, count }) => ({ apps, count }))
  const apps = [app('a', ['*']), app('b', ['https://b.test']), app('c', ['https://*'])]
  await using server = await startServer({ apps, logger: log.logger })
  expect(warnings()).toEqual([{ apps: ['a', 'c'], count: 2 }])

  const { config } = server
  const [a, b, c] = config.apps
  if (a === undefined || b === undefined || c === undefined) throw new Error('three apps')
  server.server.reload({ ...config, apps: [a, { ...b, allowedOrigins: ['*'] }, c] })
  server.server.reload({ ...config, apps: [a, { ...b, allowedOrigins: ['*'] }, c] })
  expect(warnings()).toEqual([
    { apps: ['a', 'c'], count: 2 },
    { apps: ['b'], count: 1 },
  ])
})

it('is not warned about where every app lists its origins', async () => {
  const log = new TestLog()
  await using _server = await startServer({
    apps: [app('a', ['https://a.test', '*.a.test', 'localhost:*'])],
    logger: log.logger,
  })
  expect(log.lines(/any origin/)).toEqual([])
})
