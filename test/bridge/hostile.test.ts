/**
 * What no page sends, and pages in numbers. Whatever it was, Laravel is asked about nothing but what
 * is in order, and the next page is answered.
 */
import { describe, expect, it } from 'vitest'
import { FAILURES } from '../../src/bridge/outcome.ts'
import { ask, countsOf, startBridged } from '../support/bridge.ts'
import { type RawAnswer, RawHttp } from '../support/raw-http.ts'
import type { TestServer } from '../support/server.ts'
import { Upstream } from '../support/upstream.ts'

/** A page's request, byte for byte. @param headers whole lines, each with its line break */
const raw = (body: string, headers = '', target = '/apps/3/auth', method = 'POST'): Buffer =>
  Buffer.from(
    `${method} ${target} HTTP/1.1\r\nHost: localhost\r\n` +
      `Content-Length: ${Buffer.byteLength(body, 'latin1')}\r\n${headers}\r\n${body}`,
    'latin1',
  )

async function send(server: TestServer, bytes: Buffer): Promise<RawAnswer | undefined> {
  using http = await RawHttp.connect(server.port)
  await http.send(bytes)
  return await http.next()
}

const formOf = (socketId: string, more = ''): string =>
  `socket_id=${socketId}&channel_name=private-a${more}`

/** Proves that an ordinary page is answered. */
async function expectOpen(server: TestServer): Promise<void> {
  const client = await server.connect()
  const answer = await ask({ server, socketId: client.socketId, channel: 'private-open' })
  expect(answer.status).toBe(200)
  await client.close()
}

describe('a header', () => {
  const OWN = ['accept', 'connection', 'content-length', 'content-type', 'host', 'via']

  it.each<[what: string, line: string, status: number, more: Record<string, string>]>([
    ['a zero byte', 'Cookie: a=\x00b\r\n', 400, {}],
    ['an escape', 'Cookie: a=\x1b[31m\r\n', 400, {}],
    ['a bare line feed', 'Cookie: a=b\nX-Evil: 1\r\n', 400, {}],
    ['a delete', 'Authorization: a\x7fb\r\n', 200, {}],
    [
      'an encoded line break as XSRF cookie',
      'Cookie: XSRF-TOKEN=a%0d%0aX-Evil:%201\r\n',
      200,
      { cookie: 'XSRF-TOKEN=a%0d%0aX-Evil:%201' },
    ],
    [
      'a bad encoding as XSRF cookie',
      'Cookie: XSRF-TOKEN=%zz\r\n',
      200,
      { cookie: 'XSRF-TOKEN=%zz' },
    ],
    ['bytes that are not UTF-8', 'Cookie: a=\xff\xfe; b=1\r\n', 200, { cookie: 'a=\xff\xfe; b=1' }],
    ['another host', 'X-Forwarded-Host: evil\r\nForwarded: host=evil\r\n', 200, {}],
    ['another method', 'X-HTTP-Method-Override: DELETE\r\n', 200, {}],
    ['an upgrade', 'Upgrade: h2c\r\nConnection: Upgrade\r\n', 200, {}],
  ])('brings Laravel nothing of its own with %s', async (_what, line, status, more) => {
    await using laravel = await Upstream.start()
    await using server = await startBridged(laravel.url)
    const { socketId } = await server.connect()
    expect(await send(server, raw(formOf(socketId), line))).toMatchObject({ status })
    const [asked] = laravel.asked
    if (status !== 200) expect(asked).toBeUndefined()
    else {
      const given = Object.entries(asked?.headers ?? {}).filter(([name]) => !OWN.includes(name))
      expect(Object.fromEntries(given)).toEqual({ 'x-requested-with': 'XMLHttpRequest', ...more })
    }
    await expectOpen(server)
  })
})

describe('a body', () => {
  const json = 'Content-Type: application/json\r\n'

  it.each<[what: string, body: (socketId: string) => string, headers?: string]>([
    ['is empty', () => ''],
    ['is not a form', () => '{"socket_id":"1.1"}'],
    ['is not UTF-8', (id) => formOf(id, '&a=\xff')],
    ['names two channels', (id) => formOf(id, '&channel_name=private-b')],
    ['names two sockets', (id) => formOf(id, '&socket_id=1.1')],
    ['names a list of channels', (id) => formOf(id, '&channel_name[]=private-b')],
    ['names a channel as PHP would read it: a dot', (id) => formOf(id, '&channel.name=private-b')],
    [
      'names a channel as PHP would read it: a space',
      (id) => formOf(id, '&channel+name=private-b'),
    ],
    ['names a channel as PHP would read it: a bracket', (id) => formOf(id, '&channel[name=b')],
    ['names a channel as PHP would read it: a zero byte', (id) => formOf(id, '&channel_name%00=b')],
    ['names a channel as PHP would read it: in front', (id) => formOf(id, '&+channel_name=b')],
    ['has more fields than PHP would read', (id) => `${'a=1&'.repeat(1000)}${formOf(id)}`],
    ['is JSON of another kind', () => '[1]', json],
    ['is JSON without a channel', (id) => `{"socket_id":"${id}"}`, json],
    ['is JSON with a list', (id) => `{"socket_id":"${id}","channel_name":["private-a"]}`, json],
    ['is JSON with an object', (id) => `{"socket_id":"${id}","channel_name":{"a":1}}`, json],
    ['is deep JSON', () => `{"a":${'['.repeat(7000)}${']'.repeat(7000)}}`, json],
    ['is half of JSON', (id) => `{"socket_id":"${id}"`, json],
    ['is JSON with an own prototype', (id) => `{"__proto__":{"socket_id":"${id}"}}`, json],
  ])('is refused that %s', async (_what, body, headers) => {
    await using laravel = await Upstream.start()
    await using server = await startBridged(laravel.url)
    const { socketId } = await server.connect()
    const answer = await send(server, raw(body(socketId), headers))
    expect(answer).toMatchObject({ status: 400 })
    expect(JSON.parse(answer?.body ?? '')).toEqual({ error: expect.any(String), code: 400 })
    expect(laravel.asked).toEqual([])
    expect(countsOf(server)).toEqual({ invalid: 1 })
    await expectOpen(server)
  })

  it.each<[what: string, bytes: (socketId: string) => Buffer]>([
    ['more than 16 KB', (id) => raw(formOf(id, `&a=${'a'.repeat(17_000)}`))],
    [
      'chunks without end',
      (id) =>
        Buffer.from(
          `POST /apps/3/auth HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${`400\r\n${formOf(id).padEnd(0x400, '&')}\r\n`.repeat(20)}`,
        ),
    ],
  ])('is refused that is too large: %s', async (_what, bytes) => {
    await using laravel = await Upstream.start()
    await using server = await startBridged(laravel.url)
    const { socketId } = await server.connect()
    expect(await send(server, bytes(socketId))).toMatchObject({ status: 413 })
    expect(laravel.asked).toEqual([])
    await expectOpen(server)
  })

  it('that comes slowly keeps nobody waiting', async () => {
    await using laravel = await Upstream.start()
    await using server = await startBridged(laravel.url, {
      app: { laravel: { authConcurrency: 1 } },
    })
    const { socketId } = await server.connect()
    const bytes = raw(formOf(socketId))
    const slow = await Promise.all(Array.from({ length: 20 }, () => RawHttp.connect(server.port)))
    await Promise.all(slow.map((http) => http.send(bytes.subarray(0, -5))))
    await expectOpen(server)
    const [first] = slow
    await first?.send(bytes.subarray(-5))
    expect(await first?.next()).toMatchObject({ status: 200 })
    for (const http of slow) http[Symbol.dispose]()
  })
})

describe('a channel', () => {
  it.each<[channel: string, status: number, outcome: string]>([
    ['', 400, 'invalid'],
    ['private-a b', 400, 'invalid'],
    ['private-a\r\n', 400, 'invalid'],
    ['private-a\0', 400, 'invalid'],
    ['private-a/../b', 400, 'invalid'],
    ['private-é', 400, 'invalid'],
    ['private-{a}', 400, 'invalid'],
    ['private-*', 400, 'invalid'],
    [`private-${'a'.repeat(193)}`, 400, 'invalid'],
    ['#private-a', 400, 'invalid'],
    ['#server-to-user-1', 403, 'channel'],
    ['orders', 403, 'channel'],
    ['Private-a', 403, 'channel'],
    ['privateer', 403, 'channel'],
    ['cache-a', 403, 'channel'],
    ['private-shop_a', 403, 'channel'],
    ['shop_private-a', 403, 'channel'],
    ['presence-a.shop_', 403, 'channel'],
    ['prshop_ivate-a', 403, 'channel'],
  ])('is not asked about: %j', async (channel, status, outcome) => {
    await using laravel = await Upstream.start()
    await using server = await startBridged(laravel.url, {
      app: { laravel: { redisPrefix: 'shop_', redisUrl: 'redis://127.0.0.1:1' } },
    })
    const { socketId } = await server.connect()
    const answer = await ask({ server, socketId, channel })
    expect(answer.status).toBe(status)
    expect(await answer.json()).toEqual({ error: expect.any(String), code: status })
    expect(laravel.asked).toEqual([])
    expect(countsOf(server)).toEqual({ [outcome]: 1 })
  })

  it('may hold anything where the Redis prefix is empty', async () => {
    await using laravel = await Upstream.start()
    await using server = await startBridged(laravel.url, {
      app: { laravel: { redisPrefix: '', redisUrl: 'redis://127.0.0.1:1' } },
    })
    await expectOpen(server)
  })
})

describe('a socket', () => {
  const open = { id: 'b', key: 'key-b', secret: 'b' }

  it.each<[what: string, socketId: string, status: number]>([
    ['no number', 'abc', 400],
    ['one number', '123', 400],
    ['more than an id', '1.1:private-b', 400],
    ['endless', `${'1'.repeat(60)}.${'1'.repeat(60)}`, 400],
    ['nobody’s', '1.1', 403],
  ])('is not signed for that is %s', async (_what, socketId, status) => {
    await using laravel = await Upstream.start()
    await using server = await startBridged(laravel.url)
    expect((await ask({ server, socketId })).status).toBe(status)
    expect(laravel.asked).toEqual([])
  })

  it('is not signed for that is of another app', async () => {
    await using laravel = await Upstream.start()
    const bridged = { id: 'a', key: 'key-a', secret: 'a', laravel: { authUrl: laravel.url } }
    await using server = await startBridged(laravel.url, { apps: [bridged, open] })
    const stranger = server.dial(server.wsUrl.replace('key-a', 'key-b'), {}, open)
    await stranger.established()
    const answer = await ask({ server, socketId: stranger.socketId })
    expect(answer.status).toBe(403)
    expect(await answer.json()).toEqual({ error: FAILURES.socket.error, code: 403 })
    expect(laravel.asked).toEqual([])
  })

  it('is not signed for that has gone', async () => {
    await using laravel = await Upstream.start()
    await using server = await startBridged(laravel.url)
    const client = await server.connect()
    await client.close()
    await server.expectEmpty()
    expect((await ask({ server, socketId: client.socketId })).status).toBe(403)
  })
})

describe('a path', () => {
  it.each<[method: string, target: string, status: number]>([
    ['POST', '/apps/3/auth?channel_name=private-b', 200],
    ['POST', '/apps/3/auth/', 404],
    ['POST', '/apps/3/auth/x', 404],
    ['POST', '/apps/3/%61uth', 404],
    ['POST', '/apps/3/../3/auth', 404],
    ['POST', '//apps/3/auth', 404],
    ['POST', '/apps/4/auth', 404],
    ['POST', '/apps//auth', 404],
    ['POST', '/apps/3/AUTH', 404],
    ['GET', '/apps/3/auth', 405],
    ['PUT', '/apps/3/auth', 405],
    ['DELETE', '/apps/3/user-auth', 405],
  ])('is what it is: %s %s is %d', async (method, target, status) => {
    await using laravel = await Upstream.start()
    await using server = await startBridged(laravel.url)
    const { socketId } = await server.connect()
    const answer = await send(server, raw(formOf(socketId), '', target, method))
    expect(answer).toMatchObject({ status })
    expect(laravel.asked.map(({ path, form }) => [path, form.get('channel_name')])).toEqual(
      status === 200 ? [['/broadcasting/auth', 'private-a']] : [],
    )
  })
})

it('is not asked by itself for ever when authUrl leads back to it', async () => {
  await using laravel = await Upstream.start()
  await using server = await startBridged(laravel.url)
  const { socketId } = await server.connect()
  // A reverse proxy that sends the path of Laravel's route to the bridge.
  laravel.answer = (response, { headers }) => {
    ask({ server, socketId, headers: { Via: headers.via ?? '' } }).then(
      async (answer) => response.writeHead(answer.status).end(await answer.text()),
      () => response.destroy(),
    )
  }
  const answer = await ask({ server, socketId })
  expect(answer.status).toBe(508)
  expect(await answer.json()).toEqual({ error: FAILURES.loop.error, code: 508 })
  expect(laravel.asked).toHaveLength(1)
  expect(countsOf(server)).toEqual({ loop: 2 })
})
