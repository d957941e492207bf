import { describe, expect, it } from 'vitest'
import { exchange, RawHttp, request } from '../support/raw-http.ts'
import { startServer, type TestServer } from '../support/server.ts'

const HERE =
  'There is /up, /metrics, /webhooks/failures, /webhooks/failures/replay, /channels, /channels/members, /connections, /connections/close, /users, /users/disconnect, /events, /tail here.'

const TOKEN = 'a-token-of-sixteen'

const admin = (server: TestServer, bytes: string) => exchange(server.server.admin.port, bytes)

const refused = (status: number, text: string): object => ({
  status,
  body: JSON.stringify({ error: text, code: status }),
})

describe('the admin port', () => {
  it('shows the metrics as Prometheus reads them', async () => {
    await using server = await startServer()
    const answer = await admin(server, request('GET', '/metrics'))
    expect(answer?.status).toBe(200)
    expect(answer?.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(answer?.body).toMatch(/^# HELP /)
  })

  it('says that the process is up', async () => {
    await using server = await startServer()
    expect(await admin(server, request('GET', '/up'))).toMatchObject({
      status: 200,
      body: '{"health":"OK"}',
    })
  })

  it('answers several scrapes on one connection', async () => {
    await using server = await startServer()
    using http = await RawHttp.connect(server.server.admin.port)
    // One after the other: uWebSockets.js ends a connection that asks on before a late answer.
    for (let scrape = 0; scrape < 2; scrape += 1) {
      await http.send(request('GET', '/metrics'))
      expect((await http.next())?.body).toContain('resound_build_info{')
    }
    await http.send(request('GET', '/up'))
    expect(await http.next()).toMatchObject({ status: 200, body: '{"health":"OK"}' })
  })

  it.each<[what: string, bytes: string, answer: object]>([
    ['another path', request('GET', '/'), refused(404, HERE)],
    ['the HTTP API', request('GET', '/apps/3/channels'), refused(404, HERE)],
    ['another method', request('POST', '/metrics'), refused(405, 'Use GET.')],
    ['an unknown method', request('BREW', '/metrics'), refused(405, 'Use GET.')],
    [
      'a body',
      request('POST', '/metrics', '{}'),
      refused(413, 'The request body is larger than 0 bytes.'),
    ],
    [
      'a WebSocket',
      request(
        'GET',
        '/app/278d425bdf160c739803',
        '',
        'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
      ),
      refused(404, HERE),
    ],
  ])('refuses %s', async (_what, bytes, answer) => {
    await using server = await startServer()
    expect(await admin(server, bytes)).toMatchObject(answer)
  })

  it('says which methods are allowed', async () => {
    await using server = await startServer()
    const answer = await admin(server, request('DELETE', '/metrics'))
    expect(answer?.headers.get('allow')).toBe('GET')
  })

  it('does not stand on the public port', async () => {
    await using server = await startServer()
    expect(await exchange(server.port, request('GET', '/metrics'))).toMatchObject({ status: 404 })
  })
})

describe('the admin token', () => {
  const get = (path: string, authorization?: string): string =>
    request(
      'GET',
      path,
      '',
      authorization === undefined ? '' : `Authorization: ${authorization}\r\n`,
    )

  it('opens the admin port as a bearer token', async () => {
    await using server = await startServer({ admin: { token: TOKEN } })
    for (const path of ['/metrics', '/up']) {
      expect(await admin(server, get(path, `Bearer ${TOKEN}`))).toMatchObject({ status: 200 })
    }
  })

  it.each<[what: string, authorization: string | undefined]>([
    ['none', undefined],
    ['an empty one', ''],
    ['another', 'Bearer another-token-of-it'],
    ['the beginning of it', `Bearer ${TOKEN.slice(0, -1)}`],
    ['more than it', `Bearer ${TOKEN}x`],
    ['the token alone', TOKEN],
    ['a basic one', `Basic ${Buffer.from(`:${TOKEN}`).toString('base64')}`],
    ['a long one', `Bearer ${'x'.repeat(2000)}`],
  ])('keeps everything shut without it: %s', async (_what, authorization) => {
    await using server = await startServer({ admin: { token: TOKEN } })
    for (const path of ['/metrics', '/up', '/other']) {
      const answer = await admin(server, get(path, authorization))
      expect(answer).toMatchObject(refused(401, 'Send the admin token as a bearer token.'))
      expect(answer?.headers.get('www-authenticate')).toBe('Bearer')
    }
  })
})
