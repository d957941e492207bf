/** Opening a connection, its refusals, and its end. */
import { describe, expect, it } from 'vitest'
import { Config } from '../../src/config/schema.ts'
import { createCertificate } from '../support/certificate.ts'
import type { TestClient } from '../support/client.ts'
import { Directory } from '../support/directory.ts'
import { metricOf } from '../support/metrics.ts'
import { APP, startServer, type TestServer } from '../support/server.ts'

/** What a refused client sees: a first and only frame, then the close. */
async function refusalOf(client: TestClient) {
  const frame = await client.next()
  const closed = await client.closed
  await expect(client.nextText()).rejects.toThrow('no frame is left')
  return { frame, closed }
}

/** `pusher:error` with an object for data, then a close with the same code and text. */
const refusal = (code: number, message: string) => ({
  frame: { event: 'pusher:error', data: { code, message } },
  closed: { code, reason: message },
})

const at = (server: TestServer, path: string) => server.dial(`ws://127.0.0.1:${server.port}${path}`)

describe('a connection', () => {
  it('begins with connection_established, its data a JSON string', async () => {
    await using server = await startServer()
    const client = server.dial()
    expect(await client.nextText()).toMatch(
      /^\{"event":"pusher:connection_established","data":"\{\\"socket_id\\":\\"\d+\.\d+\\",\\"activity_timeout\\":120\}"\}$/,
    )
  })

  it('is told the activity timeout that is configured', async () => {
    await using server = await startServer({ activityTimeoutSeconds: 30 })
    expect(await server.dial().next()).toMatchObject({ data: { activity_timeout: 30 } })
  })

  it('is never told an activity timeout of 0, with which pusher-js gives up', async () => {
    await expect(startServer({ activityTimeoutSeconds: 0 })).rejects.toThrow(
      'activityTimeoutSeconds',
    )
  })

  it('has a socket id of its own', async () => {
    await using server = await startServer()
    const clients = await Promise.all(Array.from({ length: 20 }, () => server.connect()))
    expect(new Set(clients.map(({ socketId }) => socketId)).size).toBe(20)
  })

  it('answers a ping with a pong', async () => {
    await using server = await startServer()
    const client = await server.connect()
    client.sendText('{"event":"pusher:ping","data":{}}')
    expect(await client.nextText()).toBe('{"event":"pusher:pong","data":"{}"}')
  })

  it.each([
    ['as pusher-js builds it', '?protocol=7&client=js&version=8.6.0&flash=false'],
    ['with no query', ''],
    ['with an empty protocol', '?protocol='],
    ['with protocol 4', '?protocol=4'],
    ['with protocol 5, as Java and .NET', '?protocol=5&client=java-client&version=2.4.0'],
    ['with protocol 6', '?protocol=6'],
    ['with parameters of other servers', '?protocol=7&format=json&echo_messages=1&token=x&a[]=1'],
  ])('may be asked for %s', async (_what, query) => {
    await using server = await startServer()
    await at(server, `/app/${APP.key}${query}`).established()
  })

  it('is let in over TLS', async () => {
    using directory = new Directory()
    await using server = await startServer({ tls: createCertificate(directory) })
    expect(server.wsUrl).toMatch(/^wss:/)
    const [ann, bob] = await Promise.all([server.connect(), server.connect()])
    await ann.subscribe('presence-a', { user_id: 'ann' })
    await bob.subscribe('presence-a', { user_id: 'bob' })
    expect(await ann.next()).toMatchObject({ event: 'pusher_internal:member_added' })
  })
})

describe('a connection is refused with an error and a close of the same code', () => {
  it('as the first and only frame', async () => {
    await using server = await startServer()
    const client = at(server, '/app/unknown?protocol=7')
    expect(await client.nextText()).toBe(
      '{"event":"pusher:error","data":{"code":4001,"message":"Application does not exist: no app has this key."}}',
    )
    expect(await client.closed).toEqual({
      code: 4001,
      reason: 'Application does not exist: no app has this key.',
    })
  })

  it.each([
    ['1', 4007],
    ['2', 4007],
    ['3', 4007],
    ['0', 4007],
    ['8', 4007],
    ['77', 4007],
    ['9'.repeat(500), 4007],
    ['seven', 4006],
    ['7.0', 4006],
    ['7a', 4006],
    ['-7', 4006],
    ['%20', 4006],
    ['null', 4006],
  ])('for protocol %s: %i', async (protocol, code) => {
    await using server = await startServer()
    const message =
      code === 4007
        ? 'Unsupported protocol version: use 4 to 7.'
        : 'The protocol version is not a number.'
    const client = at(server, `/app/${APP.key}?protocol=${protocol}`)
    expect(await refusalOf(client)).toEqual(refusal(code, message))
  })

  it.each([
    'unknown',
    APP.id,
    `${APP.key}0`,
    APP.key.slice(0, -1),
    'x'.repeat(3000),
    '__proto__',
    'constructor',
    '%00',
    '%F0%9F%98%80',
  ])('for a key that no app has: 4001 (%s)', async (key) => {
    await using server = await startServer()
    expect(await refusalOf(at(server, `/app/${key}`))).toEqual(
      refusal(4001, 'Application does not exist: no app has this key.'),
    )
  })

  it('for an app that is disabled: 4003', async () => {
    await using server = await startServer({ app: { enabled: false } })
    expect(await refusalOf(server.dial())).toEqual(refusal(4003, 'The app is disabled.'))
  })

  it('for one more connection than the app may have: 4004', async () => {
    await using server = await startServer({ app: { maxConnections: 2 } })
    const first = await server.connect()
    await server.connect()
    await server.settled()
    const quota = refusal(4004, 'The app has its 2 connections (maxConnections).')
    expect(await refusalOf(server.dial())).toEqual(quota)
    expect(await refusalOf(server.dial())).toEqual(quota)

    await first.close()
    await server.settled()
    await server.connect()
    await server.settled()
    expect(await refusalOf(server.dial())).toEqual(quota)
  })

  it.each(['/', '/app', `/apps/${APP.key}`, `/app/${APP.key}/more`, `/APP/${APP.key}`, '/x/y'])(
    'for a path that is not /app/{key}: 4005 (%s)',
    async (path) => {
      await using server = await startServer()
      expect(await refusalOf(at(server, path))).toEqual(
        refusal(4005, 'Path not found: connect to /app/{key}.'),
      )
    },
  )

  it('for a path without the prefix that is configured: 4005', async () => {
    await using server = await startServer({ pathPrefix: '/reverb' })
    await server.connect()
    await at(server, `/reverb/app/${APP.key}?protocol=7`).established()
    for (const path of [`/app/${APP.key}`, `/other/app/${APP.key}`, `/reverbapp/${APP.key}`]) {
      expect(await refusalOf(at(server, path))).toEqual(
        refusal(4005, 'Path not found: connect to /app/{key}.'),
      )
    }
  })

  it.each([
    ['https://app.example.com', true],
    ['https://APP.example.com', true],
    ['https://a.b.example.com', true],
    ['http://localhost:5173', true],
    ['capacitor://localhost', true],
    ['http://app.example.com', false],
    ['https://example.com', false],
    ['https://app.example.com.evil.example', false],
    ['https://evil.example', false],
    ['null', false],
  ])('for a page of another origin: 4009 (%s: admitted %s)', async (origin, admitted) => {
    await using server = await startServer({
      app: { allowedOrigins: ['https://*.example.com', 'localhost'] },
    })
    const client = server.dial(server.wsUrl, { headers: { Origin: origin } })
    if (admitted) await client.established()
    else {
      expect(await refusalOf(client)).toEqual(
        refusal(4009, "This page's origin is not in the app's allowedOrigins."),
      )
    }
  })

  it('and is counted by code', async () => {
    await using server = await startServer()
    await at(server, '/app/unknown').closed
    await at(server, '/x').closed
    await at(server, '/y').closed
    const response = await fetch(`http://127.0.0.1:${server.server.admin.port}/metrics`)
    const lines = (await response.text()).split('\n')
    expect(lines).toContain('resound_connections_refused_total{code="4001"} 1')
    expect(lines).toContain('resound_connections_refused_total{code="4005"} 2')
  })

  it('but never for having no origin: that is no page', async () => {
    await using server = await startServer({ app: { allowedOrigins: ['https://a.example'] } })
    await server.connect()
  })

  it('and is told nothing else, whatever it sends meanwhile', async () => {
    await using server = await startServer()
    const client = at(server, '/app/unknown')
    client.socket.on('open', () => {
      client.send({ event: 'pusher:subscribe', data: { channel: 'news' } })
      client.send({ event: 'pusher:ping' })
    })
    expect((await refusalOf(client)).closed.code).toBe(4001)
  })
})

describe('a change of configuration', () => {
  const reloaded = (server: TestServer, apps: unknown[]) =>
    server.server.reload(Config.parse({ ...server.config, apps }))

  it('ends the connections of an app that is gone: 4001', async () => {
    const other = { id: '4', key: 'other', secret: 'other' }
    await using server = await startServer({ apps: [APP, other] })
    const client = await server.connect()
    const survivor = await at(server, '/app/other').established()
    reloaded(server, [other])
    expect(await refusalOf(client)).toEqual(refusal(4001, 'The app was removed.'))
    await survivor.expectNothing()
  })

  it('ends the connections of an app that is disabled: 4003', async () => {
    await using server = await startServer()
    const client = await server.connect()
    reloaded(server, [{ ...APP, enabled: false }])
    expect(await refusalOf(client)).toEqual(refusal(4003, 'The app is disabled.'))
  })

  it('takes hold of connections that are there', async () => {
    await using server = await startServer()
    const client = await server.connect()
    reloaded(server, [{ ...APP, limits: { channelNameLength: 10 } }])
    expect(await client.subscribe('a'.repeat(11))).toMatchObject({
      event: 'pusher:subscription_error',
    })
    expect(await client.subscribe('a'.repeat(10))).toMatchObject({
      event: 'pusher_internal:subscription_succeeded',
    })
  })
})

describe('a connection that ends', () => {
  it.each([
    ['without a code', undefined, '1005'],
    ['with 1000', 1000, '1000'],
    ['with a code of its own', 4999, 'other'],
    ['with 4200, which asks a client to come back', 4200, '4200'],
    ['with 4001', 4001, '4001'],
  ])('%s is forgotten like any other', async (_what, code, label) => {
    await using server = await startServer()
    const watcher = await server.connect()
    await watcher.subscribe('presence-a', { user_id: 'ann' })
    const client = await server.connect()
    await client.subscribe('presence-a', { user_id: 'bob' })
    await client.signIn({ id: 'bob' })
    await watcher.next()

    await client.close(code)
    expect(await watcher.next()).toEqual({
      event: 'pusher_internal:member_removed',
      channel: 'presence-a',
      data: { user_id: 'bob' },
    })
    expect(await metricOf(server, 'resound_connections_closed_total', { code: label })).toBe(1)
    expect(await metricOf(server, 'resound_connections')).toBe(1)
  })

  it('without a close frame is forgotten like any other', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('presence-a', { user_id: 'bob' })
    client.terminate()
    await server.expectEmpty()
    expect(await metricOf(server, 'resound_connections_closed_total', { code: '1006' })).toBe(1)
  })
})
