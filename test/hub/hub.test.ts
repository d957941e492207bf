import { expect, it } from 'vitest'
import { Config } from '../../src/config/schema.ts'
import { startServer } from '../support/server.ts'

it('keeps what is live of an app apart from one of the same id that was removed before', async () => {
  await using server = await startServer()
  const { hub, reload } = server.server
  await (await server.connect()).close()
  const [removed] = [...hub.lives()]
  if (removed === undefined) throw new Error('no app')
  const other = { id: 'other', key: 'other', secret: 's' }
  reload(Config.parse({ ...server.config, apps: [other] }))
  reload(server.config)
  const client = await server.connect()
  await client.subscribe('news')

  hub.live(removed.app).tally.unheard += 1 // as who waited meanwhile would
  expect([...hub.lives()].map(({ app }) => app)).not.toContain(removed.app)
  await server.trigger('news', 'e', 1)
  expect(await client.next()).toMatchObject({ event: 'e', data: 1 })
})
