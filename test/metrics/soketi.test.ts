import PusherSdk from 'pusher'
import { describe, expect, it, vi } from 'vitest'
import { TestClient } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { APP, startServer, type TestServer } from '../support/server.ts'
import { startSoketi } from '../support/soketi.ts'

/** Where a server is, and its metrics. */
interface Target {
  readonly port: number
  readonly metricsPort: number
}

const scrape = async ({ metricsPort }: Target): Promise<string> =>
  (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()

/** `name type` of every metric. */
const typesIn = (text: string): string[] =>
  [...text.matchAll(/^# TYPE (.+)$/gm)].map(([, type = '']) => type)

/** `name{labels}` of every series, without the values of the labels. */
const seriesIn = (text: string): ReadonlySet<string> =>
  new Set(
    [...text.matchAll(/^(\w+\{.*\}) /gm)].map(([, series = '']) => series.replace(/"[^"]*"/g, '')),
  )

/** The values of an app's counts by name; those of bytes depend on how a server writes its frames. */
const countsIn = (text: string, port: number): Record<string, number> =>
  Object.fromEntries(
    [...text.matchAll(/^(soketi_\w+)\{app_id="3",port="(\d+)"\} (\d+)$/gm)]
      .filter(([, name = '', of]) => of === String(port) && !name.endsWith('_bytes'))
      .map(([, name = '', , value]) => [name, Number(value)]),
  )

/** Pages that come, talk and go, and an app that publishes: the same to every server. */
async function traffic({ port }: Target): Promise<Disposable> {
  const open = (): Promise<TestClient> =>
    new TestClient(`ws://127.0.0.1:${port}/app/${APP.key}?protocol=7`, APP).established()
  const host = { host: '127.0.0.1', port: String(port) }
  const sdk = new PusherSdk({ appId: APP.id, key: APP.key, secret: APP.secret, ...host })
  const [ann, ben, cem] = [await open(), await open(), await open()]
  await ann.subscribe('private-news')
  await ben.subscribe('private-news')
  await sdk.trigger('private-news', 'e', { text: 'é' })
  await sdk.trigger('private-news', 'e', 1, { socket_id: ben.socketId })
  await sdk.get({ path: '/channels' })
  await ben.next()
  ben.send({ event: 'client-e', channel: 'private-news', data: {} })
  for (let events = 0; events < 3; events += 1) await ann.next()
  await ann.expectNothing()
  await cem.close(1000)
  return {
    [Symbol.dispose]() {
      ann.terminate()
      ben.terminate()
    },
  }
}

/** A connection of which every message is kept, as text, both ways. */
class Watched {
  readonly client: TestClient
  readonly sent: string[] = []
  readonly received: string[] = []

  constructor(server: TestServer) {
    this.client = server.dial()
    const { socket } = this.client
    socket.on('message', (bytes: Buffer) => this.received.push(bytes.toString('utf8')))
    const send = socket.send.bind(socket)
    vi.spyOn(socket, 'send').mockImplementation((text: unknown) => {
      this.sent.push(String(text))
      send(String(text))
    })
  }
}

/** Reads all that was sent before the answer to a ping. */
async function readToPong(client: TestClient): Promise<void> {
  client.send({ event: 'pusher:ping', data: {} })
  while ((await client.next()).event !== 'pusher:pong');
}

describe('with metrics.prefix soketi_', () => {
  it('the metrics are those of soketi, by name, type and labels, and count the same', async () => {
    const soketi = { port: await freePort(), metricsPort: await freePort() }
    await using _soketi = await startSoketi({
      environment: {
        SOKETI_HOST: '127.0.0.1',
        SOKETI_PORT: String(soketi.port),
        SOKETI_METRICS_ENABLED: 'true',
        SOKETI_METRICS_HOST: '127.0.0.1',
        SOKETI_METRICS_SERVER_PORT: String(soketi.metricsPort),
        SOKETI_DEFAULT_APP_ID: APP.id,
        SOKETI_DEFAULT_APP_KEY: APP.key,
        SOKETI_DEFAULT_APP_SECRET: APP.secret,
        SOKETI_DEFAULT_APP_ENABLE_CLIENT_MESSAGES: 'true',
      },
    })
    await using server = await startServer({
      app: { clientEvents: true },
      metrics: { prefix: 'soketi_' },
    })
    const ours = { port: server.port, metricsPort: server.server.admin.port }
    using _theirPages = await traffic(soketi)
    using _ourPages = await traffic(ours)

    const expected = {
      soketi_connected: 2,
      soketi_new_connections_total: 3,
      soketi_new_disconnections_total: 1,
      soketi_ws_messages_received_total: 4, // two subscribe, one whispers, one pings
      soketi_ws_messages_sent_total: 10, // three greetings, two subscribed, 2 + 1 + 1 events, one pong
      soketi_http_calls_received_total: 3,
    }
    for (const target of [soketi, ours]) {
      await eventually(async () =>
        expect(countsIn(await scrape(target), target.port)).toEqual(expected),
      )
    }
    const [theirs, own] = [await scrape(soketi), await scrape(ours)]
    const betweenNodes = /^soketi_horizontal_adapter_/
    const present = (theirNames: Iterable<string>): string[] =>
      [...theirNames].filter((name) => !betweenNodes.test(name))
    expect(typesIn(own)).toEqual(expect.arrayContaining(present(typesIn(theirs))))
    expect([...seriesIn(own)]).toEqual(expect.arrayContaining(present(seriesIn(theirs))))
    expect(seriesIn(theirs)).toContain('soketi_socket_transmitted_bytes{app_id=,port=}')
  })

  it('every name begins with it, and ours are there too', async () => {
    await using server = await startServer({ metrics: { prefix: 'soketi_' } })
    const names = typesIn(
      await scrape({ port: server.port, metricsPort: server.server.admin.port }),
    )
    expect(names.filter((name) => !/^soketi_(?!resound)/.test(name))).toEqual([])
    expect(names).toContain('soketi_events_delivered_total counter')
  })

  it('messages and bytes are as many as clients and publishers see', async () => {
    await using server = await startServer({
      app: { clientEvents: true, subscriptionCount: true },
      metrics: { prefix: 'soketi_' },
    })
    const pages = [new Watched(server), new Watched(server), new Watched(server)] as const
    const [{ client: ann }, { client: ben }, { client: cem }] = pages
    for (const client of [ann, ben, cem]) await client.established()
    await ann.signIn({ id: '1', watchlist: ['2'] })
    await cem.signIn({ id: '3', watchlist: ['1', '2'] })
    await ann.subscribe('presence-a', { user_id: '1' })
    await ben.subscribe('presence-a', { user_id: '2', user_info: 'Bén' })
    await ben.signIn({ id: '2' }) // both others watch him
    for (const client of [ann, ben, cem]) await client.subscribe('cache-b') // with its counts
    await ben.subscribe('not allowed')
    ben.send({ event: 'client-e', channel: 'presence-a', data: 'é' })
    ben.unsubscribe('presence-a')
    await readToPong(ben)
    const texts = ['é', 1].map((data) => JSON.stringify({ name: 'e', channel: 'cache-b', data }))
    const answers = []
    for (const body of texts) answers.push(await server.request('POST', '/events', { body }))
    answers.push(await server.request('GET', '/channels'))
    for (const client of [ann, cem]) await readToPong(client)

    const text = await scrape({ port: server.port, metricsPort: server.server.admin.port })
    const value = (name: string): number =>
      Number(new RegExp(`^soketi_${name}\\{.*\\} (\\d+)$`, 'm').exec(text)?.[1])
    const sent = pages.flatMap((page) => page.sent)
    const received = pages.flatMap((page) => page.received)
    expect(received.length).toBeGreaterThan(25)
    expect(value('ws_messages_received_total')).toBe(sent.length)
    expect(value('socket_received_bytes')).toBe(Buffer.byteLength(sent.join('')))
    expect(value('ws_messages_sent_total')).toBe(received.length)
    expect(value('socket_transmitted_bytes')).toBe(Buffer.byteLength(received.join('')))
    expect(value('http_calls_received_total')).toBe(3)
    expect(value('http_received_bytes')).toBe(Buffer.byteLength(texts.join('')))
    const answered = answers.map(({ body }) => JSON.stringify(body)).join('')
    expect(value('http_transmitted_bytes')).toBe(Buffer.byteLength(answered))
  })
})
