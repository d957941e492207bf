/** The bridge as an authorisation endpoint, in front of an HTTP server that answers as Laravel does. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { FAILURES } from '../../src/bridge/outcome.ts'
import { ask, countsOf, hmac, startBridged } from '../support/bridge.ts'
import { createCertificate } from '../support/certificate.ts'
import { Directory } from '../support/directory.ts'
import { freePort } from '../support/free-port.ts'
import { TestLog } from '../support/test-log.ts'
import { type Answer, Upstream } from '../support/upstream.ts'

describe('a private channel', () => {
  it('is signed when Laravel says true', async () => {
    await using laravel = await Upstream.start()
    await using server = await startBridged(laravel.url)
    const client = await server.connect()
    const answer = await ask({ server, socketId: client.socketId, channel: 'private-orders.1' })

    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({ auth: hmac(`${client.socketId}:private-orders.1`) })
    expect(laravel.asked).toEqual([
      expect.objectContaining({ method: 'POST', path: '/broadcasting/auth' }),
    ])
    expect([...(laravel.asked[0]?.form ?? [])]).toEqual([
      ['socket_id', client.socketId],
      ['channel_name', 'private-orders.1'],
    ])
  })
})

describe('a presence channel', () => {
  it("is signed with the member's data as text, the id a string", async () => {
    await using laravel = await Upstream.start({
      body: '{"channel_data":{"user_id":7,"user_info":{"name":"\\u00c9va"}}}',
    })
    await using server = await startBridged(laravel.url)
    const client = await server.connect()
    const answer = await ask({ server, socketId: client.socketId, channel: 'presence-room' })

    const channelData = '{"user_id":"7","user_info":{"name":"\\u00c9va"}}'
    expect(await answer.json()).toEqual({
      auth: hmac(`${client.socketId}:presence-room:${channelData}`),
      channel_data: channelData,
    })
  })
})

describe('a sign-in', () => {
  it('is signed with the user as text, the id a string, and asked for at its own path', async () => {
    await using laravel = await Upstream.start({ body: '{"id":7,"user_info":{"a":1}}' })
    await using server = await startBridged(laravel.url)
    const client = await server.connect()
    const answer = await ask({ server, socketId: client.socketId, path: '/user-auth' })

    const userData = '{"id":"7","user_info":{"a":1}}'
    expect(await answer.json()).toEqual({
      auth: hmac(`${client.socketId}::user::${userData}`),
      user_data: userData,
    })
    expect(laravel.asked[0]?.path).toBe('/broadcasting/user-auth')
    expect([...(laravel.asked[0]?.form ?? [])]).toEqual([['socket_id', client.socketId]])
  })
})

describe('what is signed already', () => {
  it.each(['private-a', 'presence-a', 'private-encrypted-a'])(
    'passes through letter for letter: %s',
    async (channel) => {
      const body =
        '{ "auth" : "k:s", "shared_secret":"x", "channel_data":"{\\"user_id\\":\\"7\\"}" }\n'
      await using laravel = await Upstream.start({ body })
      await using server = await startBridged(laravel.url)
      const client = await server.connect()
      const answer = await ask({ server, socketId: client.socketId, channel })
      expect(answer.status).toBe(200)
      expect(answer.headers.get('content-type')).toBe('application/json')
      expect(await answer.text()).toBe(body)
    },
  )
})

describe('what Laravel is told', () => {
  it('is who asks, as the page says it, and nothing else of its headers', async () => {
    const cookie = Buffer.from('a=é; laravel_session=abc').toString('latin1') // its bytes in UTF-8
    await using laravel = await Upstream.start()
    await using server = await startBridged(laravel.url)
    const client = await server.connect()
    await ask({
      server,
      socketId: client.socketId,
      headers: {
        Cookie: cookie,
        Authorization: 'Bearer token',
        'X-CSRF-TOKEN': 'csrf',
        'X-XSRF-TOKEN': 'xsrf',
        Origin: 'https://app.example.com',
        Referer: 'https://app.example.com/orders',
        Accept: 'text/html',
        'X-Requested-With': 'page',
        'X-Forwarded-For': '1.2.3.4',
        'X-Forwarded-Host': 'evil.example',
        'X-Other': 'x',
        'User-Agent': 'page',
      },
    })

    const {
      host,
      connection,
      'content-length': length,
      ...headers
    } = laravel.asked[0]?.headers ?? {}
    expect(headers).toEqual({
      cookie,
      authorization: 'Bearer token',
      'x-csrf-token': 'csrf',
      'x-xsrf-token': 'xsrf',
      origin: 'https://app.example.com',
      referer: 'https://app.example.com/orders',
      accept: 'application/json',
      'x-requested-with': 'XMLHttpRequest',
      'content-type': 'application/x-www-form-urlencoded',
      via: '1.1 resound',
    })
    expect(`http://${host}`).toBe(laravel.url)
  })

  it('includes the token of the XSRF cookie, decoded, where the page did not copy it', async () => {
    await using laravel = await Upstream.start()
    await using server = await startBridged(laravel.url)
    const { socketId } = await server.connect()
    await ask({ server, socketId, headers: { Cookie: 'a=1; XSRF-TOKEN=ab%2Bc%3D%3D; b=2' } })
    expect(laravel.asked[0]?.headers['x-xsrf-token']).toBe('ab+c==')
  })

  it('is all of its cookies, also when they are many', async () => {
    await using laravel = await Upstream.start()
    await using server = await startBridged(laravel.url)
    const cookie = Array.from({ length: 12 }, (_each, nth) => `c${nth}=${'x'.repeat(1000)}`).join(
      '; ',
    )
    const { socketId } = await server.connect({ headers: { Cookie: cookie } })
    expect((await ask({ server, socketId, headers: { Cookie: cookie } })).status).toBe(200)
    expect(laravel.asked[0]?.headers.cookie).toBe(cookie)
  })

  it("includes the page's further fields", async () => {
    await using laravel = await Upstream.start()
    await using server = await startBridged(laravel.url)
    const { socketId } = await server.connect()
    const body = `channel_name=private-a&team=x+y&list%5B%5D=1&list%5B%5D=2&socket_id=${socketId}`
    expect((await ask({ server, socketId, body })).status).toBe(200)
    expect([...(laravel.asked[0]?.form ?? [])]).toEqual([
      ['team', 'x y'],
      ['list[]', '1'],
      ['list[]', '2'],
      ['socket_id', socketId],
      ['channel_name', 'private-a'],
    ])
  })

  it('is the same from a page that sends JSON', async () => {
    await using laravel = await Upstream.start()
    await using server = await startBridged(laravel.url)
    const { socketId } = await server.connect()
    const body = JSON.stringify({ socket_id: socketId, channel_name: 'private-a', team: 7 })
    const headers = { 'Content-Type': 'application/json; charset=utf-8' }
    expect((await ask({ server, socketId, body, headers })).status).toBe(200)
    expect([...(laravel.asked[0]?.form ?? [])]).toEqual([
      ['team', '7'],
      ['socket_id', socketId],
      ['channel_name', 'private-a'],
    ])
  })

  it('goes to the configured paths below the base URL, over one connection', async () => {
    await using laravel = await Upstream.start()
    await using server = await startBridged(`${laravel.url}/shop/`, {
      app: { laravel: { authPath: '/api/auth', userAuthPath: '/api/who' } },
    })
    const { socketId } = await server.connect()
    await ask({ server, socketId })
    await ask({ server, socketId, path: '/user-auth' })
    expect(laravel.asked.map(({ path }) => path)).toEqual(['/shop/api/auth', '/shop/api/who'])
    expect(laravel.connections).toBe(1)
  })
})

describe('Laravel that', () => {
  it.each<[what: string, answer: Answer, outcome: keyof typeof FAILURES, status: number]>([
    ['says 401', { status: 401, body: '{"message":"Unauthenticated."}' }, 'unauthenticated', 401],
    ['says 403', { status: 403, body: '{"message":""}' }, 'denied', 403],
    ['says 419', { status: 419, body: '{"message":"CSRF token mismatch."}' }, 'expired', 419],
    ['says 429', { status: 429, headers: { 'Retry-After': '7' } }, 'throttled', 429],
    ['says 404', { status: 404, body: '<html>' }, 'not_found', 502],
    ['says 500', { status: 500, body: '<html>' }, 'failed', 502],
    ['says 503', { status: 503 }, 'maintenance', 503],
    ['redirects to its login', { status: 302, headers: { Location: '/login' } }, 'login', 401],
    [
      'redirects to https',
      { status: 301, headers: { Location: 'https://laravel.test/broadcasting/auth' } },
      'moved',
      502,
    ],
    ['answers with a page', { body: '<!DOCTYPE html>' }, 'html', 403],
    ['answers with nothing', {}, 'empty', 403],
    ['answers with text', { body: 'ok' }, 'not_json', 403],
    ['answers with false', { body: 'false' }, 'unusable', 403],
    ['answers with 64 KB and more', { body: `"${'a'.repeat(64 * 1024)}"` }, 'too_large', 502],
    [
      'never ends its answer',
      (response) => void response.writeHead(200).write('{"auth":'),
      'timeout',
      504,
    ],
    ['never answers', () => undefined, 'timeout', 504],
    ['hangs up', (response) => void response.destroy(), 'unreachable', 502],
    [
      'hangs up within its answer',
      (response) => {
        response
          .writeHead(200, { 'Content-Length': '100' })
          .write('{"auth":', () => response.destroy())
      },
      'unreachable',
      502,
    ],
    [
      'does not speak HTTP',
      (response) => void response.socket?.end('hello\r\n\r\n'),
      'unreachable',
      502,
    ],
    [
      'answers with endless headers',
      (response) => void response.writeHead(200, { 'X-Long': 'a'.repeat(40_000) }).end('true'),
      'unreachable',
      502,
    ],
  ])('%s is a result of its own', async (_what, answer, outcome, status) => {
    const log = new TestLog()
    await using laravel = await Upstream.start(answer)
    await using server = await startBridged(laravel.url, {
      logger: log.logger,
      app: { laravel: { authTimeoutSeconds: 1 } },
    })
    const { socketId } = await server.connect()
    const response = await ask({ server, socketId })

    expect(response.status).toBe(status)
    expect(await response.json()).toEqual({ error: FAILURES[outcome].error, code: status })
    expect(laravel.asked).toHaveLength(1)
    const line = await log.line(new RegExp(`^${escaped(FAILURES[outcome].log ?? '-')}$`))
    expect(line).toMatchObject({
      level: FAILURES[outcome].isOrdinary ? 30 : 40,
      appId: '3',
      outcome,
      url: `${laravel.url}/broadcasting/auth`,
    })
    expect(countsOf(server)).toEqual({ [outcome]: 1 })
  })

  it('is not there is a result of its own', async () => {
    const log = new TestLog()
    const port = await freePort()
    await using server = await startBridged(`http://127.0.0.1:${port}`, { logger: log.logger })
    const { socketId } = await server.connect()
    const response = await ask({ server, socketId })
    expect(response.status).toBe(502)
    expect(await response.json()).toMatchObject({ error: FAILURES.unreachable.error })
    expect(await log.line(/cannot be reached/)).toMatchObject({
      reason: `connect ECONNREFUSED 127.0.0.1:${port}`,
    })
  })

  it('has a certificate that nobody vouches for is a result of its own', async () => {
    using directory = new Directory()
    const { cert, key } = createCertificate(directory)
    const tls = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
    await using laravel = await Upstream.start({ body: 'true' }, tls)
    await using server = await startBridged(laravel.url)
    const { socketId } = await server.connect()
    const response = await ask({ server, socketId })
    expect(response.status).toBe(502)
    expect(await response.json()).toEqual({ error: FAILURES.tls.error, code: 502 })
    expect(laravel.asked).toEqual([])
  })

  it('closes the connection with each answer is asked over another', async () => {
    await using laravel = await Upstream.start({ body: 'true', headers: { Connection: 'close' } })
    await using server = await startBridged(laravel.url)
    const { socketId } = await server.connect()
    for (let nth = 1; nth <= 3; nth += 1) {
      expect((await ask({ server, socketId })).status).toBe(200)
    }
    expect(laravel.connections).toBe(3)
  })

  it('ends an idle connection just as it is asked over it is asked over another, once', async () => {
    await using laravel = await Upstream.start()
    await using server = await startBridged(laravel.url)
    const { socketId } = await server.connect()
    expect((await ask({ server, socketId })).status).toBe(200)
    laravel.answer = (response) => {
      laravel.answer = { body: 'true' }
      response.destroy()
    }
    expect((await ask({ server, socketId })).status).toBe(200)
    expect([laravel.asked.length, laravel.connections]).toEqual([3, 2])

    laravel.answer = (response) => void response.destroy()
    expect((await ask({ server, socketId })).status).toBe(502)
    expect(laravel.asked).toHaveLength(5)
    expect(countsOf(server)).toEqual({ signed: 2, unreachable: 1 })
  })

  it('is behind a name that nobody knows is a result of its own', async () => {
    await using server = await startBridged('http://laravel.invalid')
    const { socketId } = await server.connect()
    expect((await ask({ server, socketId })).status).toBe(502)
    expect(countsOf(server)).toEqual({ unreachable: 1 })
  })

  it.each([
    ['7', '7'],
    ['soon', '1'],
    ['', '1'],
  ])('says when to come again is quoted: "%s" is %s', async (said, quoted) => {
    await using laravel = await Upstream.start({ status: 429, headers: { 'Retry-After': said } })
    await using server = await startBridged(laravel.url)
    const { socketId } = await server.connect()
    expect((await ask({ server, socketId })).headers.get('retry-after')).toBe(quoted)
  })

  it.each([
    ['presence-a', 'no_member'],
    ['private-encrypted-a', 'no_secret'],
  ] as const)('says true to %s has not said enough', async (channel, outcome) => {
    await using laravel = await Upstream.start()
    await using server = await startBridged(laravel.url)
    const { socketId } = await server.connect()
    const response = await ask({ server, socketId, channel })
    expect(response.status).toBe(403)
    expect(await response.json()).toEqual({ error: FAILURES[outcome].error, code: 403 })
  })

  it('names nobody signs nobody in', async () => {
    await using laravel = await Upstream.start()
    await using server = await startBridged(laravel.url)
    const { socketId } = await server.connect()
    const response = await ask({ server, socketId, path: '/user-auth' })
    expect(response.status).toBe(403)
    expect(await response.json()).toEqual({ error: FAILURES.no_user.error, code: 403 })
  })
})

const escaped = (text: string): string => text.replace(/[()?.]/g, '\\$&')
