import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { scrape } from '../support/metrics.ts'
import { exchange, request } from '../support/raw-http.ts'
import { APP, startServer, type TestServer } from '../support/server.ts'

const NAMES = 100_000
/** Of one request, and of one connection. */
const CHANNELS = 100
const SUBSCRIPTIONS = 1000

const anything = (): string => randomBytes(8).toString('hex')
const several = (count: number): string[] => Array.from({ length: count }, anything)

/** Ours: those of Node.js depend on what it does at the moment. */
const series = async (server: TestServer): Promise<string[]> =>
  [...(await scrape(server)).keys()].filter((each) => !/_(nodejs|process)_/.test(each)).sort()

/** Everything once that a stranger, a page or an application can name as it likes. */
async function strangeness(server: TestServer): Promise<void> {
  const { port } = server
  await exchange(port, request('GET', `/${anything()}`))
  await exchange(port, request('GET', `/apps/${anything()}/events`))
  await exchange(port, request('GET', `/apps/${APP.id}/${anything()}`))
  await exchange(port, request(anything().toUpperCase().replace(/\d/g, 'X'), '/apps/3/events'))
  await server.request('GET', `/channels/${anything()}`)
  await server.request('GET', `/channels/presence-${anything()}/users`)
  await server.request('POST', `/users/${anything()}/terminate_connections`, { body: {} })
  await server.dial(server.wsUrl.replace(APP.key, anything())).closed
  const client = await server.connect()
  client.send({ event: anything(), data: {} })
  client.send({ event: `client-${anything()}`, channel: `private-${anything()}`, data: {} })
  const channels = [anything(), `private-${anything()}`, `${anything()} not allowed`]
  for (const channel of channels) await client.subscribe(channel)
  await client.signIn({ id: anything() })
  await client.subscribe(`presence-${anything()}`, { user_id: anything() })
  await client.close(4400 + Math.floor(Math.random() * 500))
}

it(`${NAMES} random channels, events, keys and paths leave the number of series as it was`, {
  timeout: 120_000,
}, async () => {
  await using server = await startServer({ app: { clientEvents: true } })
  await strangeness(server)
  const body = (): object => ({ name: anything(), channels: several(CHANNELS), data: anything() })
  await server.request('POST', '/events', { body: body() })
  const before = await series(server)

  for (let names = 0; names < NAMES; names += CHANNELS) {
    const { status } = await server.request('POST', '/events', { body: body() })
    expect(status).toBe(200)
  }
  const client = await server.connect()
  for (let each = 0; each < SUBSCRIPTIONS; each += 1) {
    client.send({ event: 'pusher:subscribe', data: { channel: anything() } })
  }
  for (let each = 0; each < SUBSCRIPTIONS; each += 1) await client.next()
  for (let each = 0; each < 20; each += 1) await strangeness(server)

  expect(await series(server)).toEqual(before)
  const subscriptions = (await scrape(server)).get('resound_subscriptions{app="3",kind="public"}')
  expect(subscriptions).toBe(SUBSCRIPTIONS)
})
