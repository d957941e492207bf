import { describe, expect, it } from 'vitest'
import { Config } from '../../src/config/schema.ts'
import { sampleOf } from '../support/metrics.ts'
import { exchange, RawHttp, request } from '../support/raw-http.ts'
import { APP, signedPath, startServer } from '../support/server.ts'

const EVENT = '{"name":"e","channel":"c","data":"{}"}'

const DONE: unknown = expect.objectContaining({ status: 200, body: {} })
const refused = (text: string, status: number): unknown =>
  expect.objectContaining({ status, body: { error: text, code: status } })

const tooLarge = (bytes: number): unknown =>
  refused(
    `The data of event e is larger than ${bytes} bytes (limits.eventBytes). Send less, or an id to fetch the rest by.`,
    413,
  )

describe('the data of an event', () => {
  it.each<[what: string, most: string, more: string]>([
    ['100 KB of text', 'x'.repeat(102_400), 'x'.repeat(102_401)],
    ['bytes, not characters', 'é'.repeat(51_200), `${'é'.repeat(51_200)}x`],
    ['text that JSON escapes', '\\"'.repeat(51_200), `${'\\"'.repeat(51_200)}x`],
  ])('is at most 102,400 bytes: %s', async (_what, most, more) => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('a')
    const post = (data: string) =>
      server.request('POST', '/events', { body: { name: 'e', channel: 'a', data } })
    expect(await post(most)).toEqual(DONE)
    expect(JSON.parse(await client.nextText())).toEqual({ event: 'e', channel: 'a', data: most })
    expect(await post(more)).toEqual(tooLarge(102_400))
    await client.expectNothing()
  })

  it('is measured as it will be sent when it is an object', async () => {
    await using server = await startServer({ limits: { eventBytes: 10 } })
    const post = (data: unknown) =>
      server.request('POST', '/events', { body: { name: 'e', channel: 'a', data } })
    expect(await post({ a: 'bcd' })).toEqual(tooLarge(10))
    expect(await post({ a: 'bc' })).toEqual(DONE)
  })
})

describe('the limits of an app', () => {
  it('may be its own', async () => {
    const limits = { eventBytes: 10, channelNameLength: 5, eventNameLength: 3, channelsPerEvent: 2 }
    await using server = await startServer({
      apps: [
        { ...APP, limits },
        { id: '4', key: 'k4', secret: 's4' },
      ],
    })
    const post = (body: object) => server.request('POST', '/events', { body })
    const event = { name: 'e', channel: 'a', data: '1' }
    expect(await post(event)).toEqual(DONE)
    expect(await post({ ...event, data: '01234567890' })).toEqual(tooLarge(10))
    expect(await post({ ...event, name: 'long' })).toEqual(
      refused('An event name has at most 3 characters.', 400),
    )
    expect(await post({ ...event, channel: 'abcdef' })).toEqual(
      refused(
        'A channel name is a string of at most 5 of the characters A-Z a-z 0-9 _ - = @ , . ;',
        400,
      ),
    )
    expect(await post({ ...event, channels: ['a', 'b', 'c'] })).toEqual(
      refused(
        'An event goes to at most 2 channels (limits.channelsPerEvent); this one names 3.',
        400,
      ),
    )
    expect((await server.request('GET', '/channels/abcdef')).status).toBe(400)
  })

  it('can be raised while the server runs', async () => {
    await using server = await startServer({ limits: { eventBytes: 1000 } })
    const post = (data: string) =>
      server.request('POST', '/events', { body: { name: 'e', channel: 'a', data } })
    expect(await post('x'.repeat(1001))).toEqual(tooLarge(1000))
    const limits = { eventBytes: 4_000_000, eventsPerBatch: 1 }
    server.server.reload(Config.parse({ ...server.config, limits }))
    expect(await post('x'.repeat(4_000_000))).toEqual(DONE)
  })
})

describe('the body of a request', () => {
  // Room for a batch of the largest events, twice over, and for what frames them.
  const MOST = 2_153_536

  it('has room for a batch of the largest events', async () => {
    await using server = await startServer()
    const data = '"'.repeat(102_400)
    const batch = Array.from({ length: 10 }, () => ({ name: 'e', channel: 'a', data }))
    expect(await server.request('POST', '/batch_events', { body: { batch } })).toEqual(DONE)
  })

  it('is refused by its announced length, and may still be sent: a client that was cut off would not see why', async () => {
    await using server = await startServer()
    using http = await RawHttp.connect(server.port)
    await http.send(
      `POST /apps/3/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${MOST + 1}\r\n\r\n`,
    )
    expect(await http.next()).toMatchObject({
      status: 413,
      body: `{"error":"The request body is larger than ${MOST} bytes.","code":413}`,
    })
    await http.send('x'.repeat(MOST + 1))
    await http.send(request('GET', '/up'))
    expect(await http.next()).toMatchObject({ status: 200, body: '{"health":"OK"}' })
  })

  it('that is refused is counted', async () => {
    await using server = await startServer()
    using http = await RawHttp.connect(server.port)
    await http.send(`POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${MOST + 1}\r\n\r\n`)
    expect(await http.next()).toMatchObject({ status: 413 })
    const unhandled = 'resound_http_requests_total{route="unhandled",status="413"}'
    expect(await sampleOf(server.server, unhandled)).toBe(1)
  })

  it('may be as large as that', async () => {
    await using server = await startServer()
    const body = 'x'.repeat(MOST)
    const target = signedPath(APP, 'POST', '/apps/3/events', body)
    expect(await exchange(server.port, request('POST', target, body))).toMatchObject({
      status: 400,
      body: '{"error":"The body is not JSON.","code":400}',
    })
  })
})

describe('a path', () => {
  it.each([
    ['/', 'There is nothing at /. The HTTP API is below /apps/{id}.'],
    ['/app/key', 'There is nothing at /app/key. The HTTP API is below /apps/{id}.'],
    ['/apps', 'There is nothing at /apps. The HTTP API is below /apps/{id}.'],
    ['/apps/3', 'There is nothing at /apps/3.'],
    ['/apps/3/', 'There is nothing at /apps/3/.'],
    ['/apps/3/event', 'There is nothing at /apps/3/event.'],
    ['/apps/3/events/', 'There is nothing at /apps/3/events/.'],
    ['/apps/3/__proto__', 'There is nothing at /apps/3/__proto__.'],
    ['/apps/3/channels/', 'There is nothing at /apps/3/channels/.'],
    ['/apps/3/channels/a/members', 'There is nothing at /apps/3/channels/a/members.'],
    ['/apps/3/channels/a/users/1', 'There is nothing at /apps/3/channels/a/users/1.'],
    ['/apps/3/channels/%zz', 'There is nothing at /apps/3/channels/%zz.'],
    ['/apps/3/channels//users', 'There is nothing at /apps/3/channels//users.'],
    ['/apps/3/users/1', 'There is nothing at /apps/3/users/1.'],
    ['//apps/3/events', 'There is nothing at //apps/3/events. The HTTP API is below /apps/{id}.'],
    ['/apps/../up', 'There is nothing at /apps/../up.'],
  ])('that leads nowhere is 404: %s', async (path, text) => {
    await using server = await startServer()
    expect(await exchange(server.port, request('GET', path))).toMatchObject({
      status: 404,
      body: JSON.stringify({ error: text, code: 404 }),
    })
  })

  it('without the pathPrefix is told what is missing', async () => {
    await using server = await startServer({ pathPrefix: '/reverb' })
    for (const [path, text] of [
      [
        '/apps/3/channels',
        "There is nothing at /apps/3/channels: this server's pathPrefix is /reverb.",
      ],
      ['/other', 'There is nothing at /other. The HTTP API is below /reverb/apps/{id}.'],
      [
        '/reverbs/apps',
        'There is nothing at /reverbs/apps. The HTTP API is below /reverb/apps/{id}.',
      ],
    ] as const) {
      expect(await exchange(server.port, request('GET', path))).toMatchObject({
        status: 404,
        body: JSON.stringify({ error: text, code: 404 }),
      })
    }
  })

  it.each([
    ['GET', '/events', 'POST'],
    ['PUT', '/events', 'POST'],
    ['GET', '/batch_events', 'POST'],
    ['POST', '/channels', 'GET'],
    ['DELETE', '/channels/a', 'GET'],
    ['POST', '/channels/a/users', 'GET'],
    ['GET', '/users/1/terminate_connections', 'POST'],
    ['POST', '/connections', 'GET'],
    ['OPTIONS', '/connections', 'GET'],
    ['BREW', '/channels', 'GET'],
  ])('asked with another method is 405, and says which: %s %s', async (method, path, allowed) => {
    await using server = await startServer()
    const answer = await exchange(server.port, request(method, `/apps/3${path}`))
    expect(answer).toMatchObject({
      status: 405,
      body: `{"error":"Use ${allowed} for this path.","code":405}`,
    })
    expect(answer?.headers.get('allow')).toBe(allowed)
  })
})

describe('bodies that are still coming in', () => {
  it('share bounded memory: beyond it, whoever sends more is told to try again', async () => {
    await using server = await startServer()
    const path = signedPath(server.app, 'POST', '/apps/3/events', EVENT)
    const head = `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: `
    const senders = await Promise.all(
      Array.from({ length: 40 }, () => RawHttp.connect(server.port)),
    )
    const half = Buffer.alloc(2_000_000, 'x')
    for (const sender of senders) {
      await sender.send(`${head}${half.length + 1}\r\n\r\n`)
      await sender.send(half)
    }
    const refused = await Promise.race(senders.map((sender) => sender.next()))
    expect(refused).toMatchObject({
      status: 503,
      body: '{"error":"Too many requests are being received. Try again.","code":503}',
    })
    for (const sender of senders) sender[Symbol.dispose]()

    // Their memory is free again when the server has seen them go.
    await expect
      .poll(async () => {
        using publisher = await RawHttp.connect(server.port)
        await publisher.send(`${head}${EVENT.length}\r\n\r\n${EVENT.slice(0, 10)}`)
        await publisher.send(EVENT.slice(10))
        return (await publisher.next())?.status
      })
      .toBe(200)
  })
})
