import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { scrape } from '../support/metrics.ts'
import { startPostgres } from '../support/postgres.ts'
import { exchange, request } from '../support/raw-http.ts'
import { APP, startServer, type TestServer } from '../support/server.ts'
import { readSnippet } from '../support/snippets.ts'

/** Of channels: each has a series of subscriptions, also where there is none. */
const KINDS = 5

/** The samples of these names alone. */
async function scrapeOf(server: TestServer, ...names: string[]): Promise<object> {
  const samples = [...(await scrape(server))]
  return Object.fromEntries(
    samples.filter(([series]) => names.includes(series.replace(/\{.*/, ''))),
  )
}

describe('the metrics', () => {
  it('count connections: open, opened, closed by code, refused by code', async () => {
    await using server = await startServer()
    const clients = [await server.connect(), await server.connect(), await server.connect()]
    await clients[0]?.close(1000)
    await clients[1]?.close(4999)
    await server.dial(server.wsUrl.replace(APP.key, 'another')).closed
    await server.dial(server.wsUrl.replace('protocol=7', 'protocol=3')).closed
    expect(
      await scrapeOf(
        server,
        'resound_connections',
        'resound_connections_opened_total',
        'resound_connections_closed_total',
        'resound_connections_refused_total',
      ),
    ).toEqual({
      'resound_connections{app="3"}': 1,
      'resound_connections_opened_total{app="3"}': 3,
      'resound_connections_closed_total{app="3",code="1000"}': 1,
      'resound_connections_closed_total{app="3",code="other"}': 1,
      'resound_connections_refused_total{code="4001"}': 1,
      'resound_connections_refused_total{code="4007"}': 1,
    })
  })

  it('count subscriptions by kind, members, and refusals by reason', async () => {
    await using server = await startServer()
    const [ann, tab] = [await server.connect(), await server.connect()]
    for (const channel of ['a', 'b', 'cache-c', 'private-d', 'private-encrypted-e']) {
      await ann.subscribe(channel)
    }
    await ann.next() // cache_miss, before private-d
    await ann.subscribe('presence-f', { user_id: '1' })
    await ann.subscribe('presence-g', { user_id: '1' })
    await tab.subscribe('presence-f', { user_id: '1' })
    await tab.subscribe('a')
    tab.send({ event: 'pusher:subscribe', data: { channel: 'private-d', auth: `${APP.key}:0` } })
    await tab.next()
    await tab.subscribe('not allowed')
    ann.unsubscribe('b')
    await ann.subscribe('a') // again: counted once
    expect(
      await scrapeOf(
        server,
        'resound_subscriptions',
        'resound_presence_members',
        'resound_subscribe_refused_total',
      ),
    ).toEqual({
      'resound_subscriptions{app="3",kind="public"}': 3,
      'resound_subscriptions{app="3",kind="private"}': 1,
      'resound_subscriptions{app="3",kind="encrypted"}': 1,
      'resound_subscriptions{app="3",kind="presence"}': 3,
      'resound_subscriptions{app="3",kind="server-to-user"}': 0,
      'resound_presence_members{app="3"}': 2,
      'resound_subscribe_refused_total{app="3",reason="signature"}': 1,
      'resound_subscribe_refused_total{app="3",reason="name"}': 1,
    })
  })

  it('count events: received by source, delivered to each connection, unheard', async () => {
    await using server = await startServer({ app: { clientEvents: true } })
    const [ann, ben] = [await server.connect(), await server.connect()]
    for (const client of [ann, ben]) {
      await client.subscribe('a')
      await client.subscribe('private-b')
    }
    await server.trigger('a', 'e', 1) // delivered to 2
    await server.trigger('a', 'e', 1, { socket_id: ann.socketId }) // to 1
    await server.request('POST', '/events', {
      body: { name: 'e', data: '1', channels: ['a', 'private-b', 'nobody'] }, // to 4, and 1 unheard
    })
    const batch = ['a', 'nobody'].map((channel) => ({ name: 'e', data: '1', channel }))
    await server.request('POST', '/batch_events', { body: { batch } }) // to 2, and 1 unheard
    await server.trigger('a/b', 'e', 1) // refused
    ann.send({ event: 'client-e', channel: 'private-b', data: {} }) // to 1
    ann.send({ event: 'client-e', channel: 'a', data: {} }) // refused
    for (let events = 0; events < 5; events += 1) await ann.next()
    expect(
      await scrapeOf(
        server,
        'resound_events_received_total',
        'resound_events_delivered_total',
        'resound_events_unheard_total',
        'resound_client_events_refused_total',
      ),
    ).toEqual({
      'resound_events_received_total{app="3",source="http"}': 5,
      'resound_events_received_total{app="3",source="redis"}': 0,
      'resound_events_received_total{app="3",source="client"}': 1,
      'resound_events_delivered_total{app="3"}': 10,
      'resound_events_unheard_total{app="3"}': 2,
      'resound_client_events_refused_total{app="3",reason="kind"}': 1,
    })
  })

  it('count requests of the HTTP API by route and status', async () => {
    await using server = await startServer()
    await server.trigger('a', 'e', 1)
    await server.trigger('a', 'e', 1)
    await server.trigger('a/b', 'e', 1)
    await server.request('GET', '/channels')
    await server.request('GET', '/channels/a')
    await server.request('GET', '/channels/presence-a/users')
    await server.request('GET', '/connections')
    await server.request('POST', '/batch_events', { body: { batch: [] } })
    await server.request('POST', '/users/1/terminate_connections', { body: {} })
    await exchange(server.port, request('GET', '/apps/3/channels'))
    await exchange(server.port, request('DELETE', '/apps/3/channels'))
    await exchange(server.port, request('GET', '/apps/4/channels'))
    await exchange(server.port, request('GET', '/nowhere'))
    await exchange(server.port, request('GET', '/up')) // a probe, not the API
    expect(await scrapeOf(server, 'resound_http_requests_total')).toEqual({
      'resound_http_requests_total{route="events",status="200"}': 2,
      'resound_http_requests_total{route="events",status="400"}': 1,
      'resound_http_requests_total{route="channels",status="200"}': 1,
      'resound_http_requests_total{route="channels",status="401"}': 1,
      'resound_http_requests_total{route="channels",status="404"}': 1,
      'resound_http_requests_total{route="channels",status="405"}': 1,
      'resound_http_requests_total{route="channel",status="200"}': 1,
      'resound_http_requests_total{route="channel_users",status="200"}': 1,
      'resound_http_requests_total{route="connections",status="200"}': 1,
      'resound_http_requests_total{route="batch_events",status="200"}': 1,
      'resound_http_requests_total{route="terminate_connections",status="200"}': 1,
      'resound_http_requests_total{route="unknown",status="404"}': 1,
    })
  })

  it('do not count twice what is scraped twice', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('a')
    await server.trigger('a', 'e', 1)
    const own = [
      'resound_connections',
      'resound_subscriptions',
      'resound_events_delivered_total',
      'resound_http_requests_total',
    ]
    const first = await scrapeOf(server, ...own)
    expect(Object.keys(first)).toHaveLength(3 + KINDS)
    const [second, third] = await Promise.all([scrapeOf(server, ...own), scrapeOf(server, ...own)])
    expect(second).toEqual(first)
    expect(third).toEqual(first)
  })

  it('keep apart what is of different apps', async () => {
    const apps = ['one', 'two'].map((id) => ({ id, key: `key-${id}`, secret: `secret-${id}` }))
    await using server = await startServer({ apps })
    await server.connect()
    for (let connections = 0; connections < 2; connections += 1) {
      await server.dial(server.wsUrl.replace('key-one', 'key-two')).established()
    }
    expect(await scrapeOf(server, 'resound_connections')).toEqual({
      'resound_connections{app="one"}': 1,
      'resound_connections{app="two"}': 2,
    })
  })

  it('have no series of a channel, user, event or path: their number is bounded', async () => {
    await using server = await startServer({ app: { clientEvents: true } })
    const traffic = async (name: string, code: number): Promise<void> => {
      const client = await server.connect()
      await client.signIn({ id: name })
      await client.subscribe(name)
      await client.subscribe(`presence-${name}`, { user_id: name })
      await client.subscribe(`${name} not allowed`)
      await server.trigger(name, name, name)
      await server.request('GET', `/channels/${name}`)
      await exchange(server.port, request('GET', `/${name}`))
      await exchange(server.port, request('GET', `/apps/${name}/channels`))
      await exchange(server.port, request(name.toUpperCase(), '/apps/3/channels'))
      await server.dial(server.wsUrl.replace(APP.key, name)).closed
      await client.close(code)
    }
    const ours = async (): Promise<string[]> =>
      [...(await scrape(server)).keys()].filter((series) => !/_(nodejs|process)_/.test(series))
    await traffic('first', 4990)
    const before = await ours()
    await traffic('second', 4991)
    await traffic('third', 4992)
    expect(await ours()).toEqual(before)
    expect(before.filter((series) => series.includes('first'))).toEqual([])
  })

  it('say nothing of Redis where there is none', async () => {
    await using server = await startServer()
    const names = [...(await scrape(server)).keys()]
    expect(names.filter((name) => name.startsWith('resound_redis'))).toEqual([])
  })

  it('name the build, and watch the process', async () => {
    await using server = await startServer()
    const samples = await scrape(server)
    const builds = [...samples.keys()].filter((series) => series.startsWith('resound_build_info'))
    expect(builds).toEqual([
      expect.stringMatching(/^resound_build_info\{version="\d+\.\d+\.\d+",node="\d+\.\d+\.\d+"\}$/),
    ])
    expect(samples.get('resound_process_resident_memory_bytes')).toBeGreaterThan(1_000_000)
    expect(samples.has('resound_nodejs_eventloop_lag_p99_seconds')).toBe(true)
  })

  it('tell how many apps there are from where, and how their table is doing', async () => {
    await using postgres = await startPostgres()
    await postgres.sql(await readSnippet('apps.sql'))
    await postgres.sql(
      `INSERT INTO apps (id, key, secret) VALUES ('1', 'a', 's'), ('2', 'b b', 's')`,
    )
    await using server = await startServer({ postgres: { url: postgres.url } })
    await eventually(async () => expect((await fetch(`${server.url}/ready`)).status).toBe(200))
    const series = ['resound_apps', 'resound_postgres_up', 'resound_postgres_refused_rows']
    expect(await scrapeOf(server, ...series)).toEqual({
      'resound_apps{source="config"}': 1,
      'resound_apps{source="postgres"}': 1,
      resound_postgres_up: 1,
      resound_postgres_refused_rows: 1,
    })
    const age = (await scrape(server)).get('resound_postgres_last_read_age_seconds')
    expect(age).toBeGreaterThanOrEqual(0)
    expect(age).toBeLessThan(4)
    await postgres.stop()
    await eventually(async () => expect((await scrape(server)).get('resound_postgres_up')).toBe(0))
    expect((await scrape(server)).get('resound_apps{source="postgres"}')).toBe(1)
  })
})
