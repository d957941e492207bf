/**
 * What no SDK sends. Some of it uWebSockets.js refuses by itself, before Resound sees a request:
 * with a short page instead of JSON, and by closing the connection. Whatever it was, the next
 * request is answered.
 */
import { describe, expect, it } from 'vitest'
import { expectAlive } from '../support/alive.ts'
import { exchange, type RawAnswer, RawHttp, request } from '../support/raw-http.ts'
import { APP, signedPath, startServer } from '../support/server.ts'

const EVENT = '{"name":"e","data":"1","channel":"a"}'
const POST_EVENT = `POST ${signedPath(APP, 'POST', '/apps/3/events', EVENT)} HTTP/1.1\r\nHost: localhost\r\n`

const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`

const post = (body: string): string =>
  request('POST', signedPath(APP, 'POST', '/apps/3/events', body), body)

const refused = (text: string, status = 400): Partial<RawAnswer> => ({
  status,
  body: JSON.stringify({ error: text, code: status }),
})

describe('the length of a body', () => {
  it.each<[what: string, headers: string, body: string]>([
    ['a word', 'Content-Length: many\r\n', EVENT],
    ['negative', 'Content-Length: -1\r\n', EVENT],
    ['signed', `Content-Length: +${EVENT.length}\r\n`, EVENT],
    ['hexadecimal', 'Content-Length: 0x25\r\n', EVENT],
    ['exponential', 'Content-Length: 1e9\r\n', EVENT],
    ['a fraction', `Content-Length: ${EVENT.length}.0\r\n`, EVENT],
    ['two numbers', 'Content-Length: 3 7\r\n', EVENT],
    ['a list', `Content-Length: ${EVENT.length}, ${EVENT.length}\r\n`, EVENT],
    ['beyond 64 bits', `Content-Length: ${'9'.repeat(30)}\r\n`, EVENT],
    [
      'given twice over: length, then chunks',
      `Content-Length: ${EVENT.length}\r\nTransfer-Encoding: chunked\r\n`,
      `${chunk(EVENT)}0\r\n\r\n`,
    ],
    [
      'given twice over: chunks, then length',
      `Transfer-Encoding: chunked\r\nContent-Length: ${EVENT.length}\r\n`,
      `${chunk(EVENT)}0\r\n\r\n`,
    ],
    ['of an unknown encoding', 'Transfer-Encoding: gzip\r\n', EVENT],
    ['of chunks whose size is no number', 'Transfer-Encoding: chunked\r\n', 'zz\r\nhello\r\n'],
    ['of chunks of negative size', 'Transfer-Encoding: chunked\r\n', '-5\r\nhello\r\n'],
    ['of chunks larger than said', 'Transfer-Encoding: chunked\r\n', `3\r\n${EVENT}\r\n0\r\n\r\n`],
    [
      'of chunks beyond 64 bits',
      'Transfer-Encoding: chunked\r\n',
      `${'f'.repeat(17)}\r\nhello\r\n`,
    ],
  ])('is refused, and the connection closed, when it is %s', async (_what, headers, body) => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('a')
    using http = await RawHttp.connect(server.port)
    await http.send(`${POST_EVENT}${headers}\r\n${body}`)
    const answer = await http.next()
    expect(answer).toMatchObject({ status: 400 })
    expect(answer?.headers.get('connection')).toBe('close')
    await http.ended
    await client.expectNothing()
    await expectAlive(server)
  })

  it('counts once when it is given twice: the first', async () => {
    await using server = await startServer()
    using http = await RawHttp.connect(server.port)
    await http.send(
      `${POST_EVENT}Content-Length: ${EVENT.length}\r\nContent-Length: 3\r\n\r\n${EVENT}`,
    )
    expect(await http.next()).toMatchObject({ status: 200 })
    await http.send(request('GET', '/up'))
    expect(await http.next()).toMatchObject({ status: 200, body: '{"health":"OK"}' })
  })

  it('has to be there for a body to be', async () => {
    await using server = await startServer()
    expect(await exchange(server.port, `${POST_EVENT}\r\n${EVENT}`)).toMatchObject(
      refused(
        'body_md5 is not the MD5 of the body received. Check that no proxy changes the body.',
        401,
      ),
    )
    await expectAlive(server)
  })
})

describe('a chunked body', () => {
  const CHUNKED = `${POST_EVENT}Transfer-Encoding: chunked\r\n\r\n`

  it.each([
    ['in one chunk', `${chunk(EVENT)}0\r\n\r\n`],
    ['in chunks of one byte', `${[...EVENT].map(chunk).join('')}0\r\n\r\n`],
    [
      'with sizes in upper case',
      `${EVENT.length.toString(16).toUpperCase()}\r\n${EVENT}\r\n0\r\n\r\n`,
    ],
  ])('is read %s', async (_how, body) => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('a')
    using http = await RawHttp.connect(server.port)
    await http.send(CHUNKED + body + request('GET', '/up'))
    expect(await http.next()).toMatchObject({ status: 200, body: '{}' })
    expect(await http.next()).toMatchObject({ status: 200, body: '{"health":"OK"}' })
    expect(await client.next()).toEqual({ event: 'e', channel: 'a', data: 1 })
  })

  it('is read byte by byte', async () => {
    await using server = await startServer()
    using http = await RawHttp.connect(server.port)
    for (const byte of `${CHUNKED}${chunk(EVENT)}0\r\n\r\n`) await http.send(byte)
    expect(await http.next()).toMatchObject({ status: 200, body: '{}' })
  })

  it('without end is cut off at the largest body', async () => {
    await using server = await startServer({ limits: { eventBytes: 1, eventsPerBatch: 1 } })
    using http = await RawHttp.connect(server.port)
    await http.send(CHUNKED)
    const piece = chunk('x'.repeat(16_384))
    const answer = http.next()
    let isAnswered = false
    void answer.then(() => {
      isAnswered = true
    })
    for (let sent = 0; !isAnswered && sent < 1000; sent += 1) await http.send(piece)
    expect(await answer).toMatchObject(
      refused('The request body is larger than 105538 bytes.', 413),
    )
    await http.ended
    await expectAlive(server)
  })
})

describe('a slow or broken request', () => {
  it('may trickle in', async () => {
    await using server = await startServer()
    using http = await RawHttp.connect(server.port)
    for (const byte of post(EVENT)) await http.send(byte)
    expect(await http.next()).toMatchObject({ status: 200, body: '{}' })
  })

  it.each<[where: string, bytes: string]>([
    ['before its first line ends', 'POST /apps/3/eve'],
    ['within its headers', POST_EVENT],
    ['before its body', `${POST_EVENT}Content-Length: ${EVENT.length}\r\n\r\n`],
    ['within its body', `${POST_EVENT}Content-Length: ${EVENT.length}\r\n\r\n${EVENT.slice(0, 9)}`],
    ['within a chunk', `${POST_EVENT}Transfer-Encoding: chunked\r\n\r\n25\r\n{"na`],
    ['right after it was sent', post(EVENT)],
  ])('is forgotten when the client goes away %s', async (_where, bytes) => {
    await using server = await startServer()
    for (let times = 0; times < 50; times += 1) {
      const http = await RawHttp.connect(server.port)
      await http.send(bytes)
      http.abort()
      await http.ended
    }
    await expectAlive(server)
  })

  it('is published once or not at all', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('a')
    using http = await RawHttp.connect(server.port)
    await http.send(post(EVENT).slice(0, -1))
    await client.expectNothing()
    await http.send('}')
    expect(await http.next()).toMatchObject({ status: 200 })
    expect(await client.next()).toEqual({ event: 'e', channel: 'a', data: 1 })
    await client.expectNothing()
  })
})

describe('what is not a request', () => {
  it.each<[what: string, bytes: string, status: number]>([
    ['noise', '\x00\x01\xff\xfe noise\r\n\r\n', 505],
    ['the beginning of TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', 505],
    ['HTTP/1.0', 'GET /up HTTP/1.0\r\nHost: localhost\r\n\r\n', 505],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
    ['a line without version', 'GET /up\r\n\r\n', 505],
    ['lines that end in LF', 'GET /up HTTP/1.1\nHost: localhost\n\n', 505],
    ['a target for proxies', 'GET http://localhost/up HTTP/1.1\r\nHost: localhost\r\n\r\n', 505],
    ['no Host', 'GET /up HTTP/1.1\r\n\r\n', 400],
    ['a header without colon', 'GET /up HTTP/1.1\r\nHost: localhost\r\nhello\r\n\r\n', 400],
    ['a space before a colon', 'GET /up HTTP/1.1\r\nHost: localhost\r\nA : b\r\n\r\n', 400],
    ['a folded header', 'GET /up HTTP/1.1\r\nHost: localhost\r\nA: b\r\n c\r\n\r\n', 400],
    ['a line of 20,000 bytes', request('GET', `/up?${'a'.repeat(20_000)}`), 431],
    ['a path of 20,000 bytes', request('GET', `/${'a/'.repeat(10_000)}`), 431],
    ['a header of 20,000 bytes', request('GET', '/up', '', `A: ${'b'.repeat(20_000)}\r\n`), 431],
    ['200 headers', request('GET', '/up', '', 'A: b\r\n'.repeat(200)), 431],
    ['headers without end', `GET /up HTTP/1.1\r\n${'A: b\r\n'.repeat(2000)}`, 431],
  ])('is refused, and the connection closed: %s', async (_what, bytes, status) => {
    await using server = await startServer()
    using http = await RawHttp.connect(server.port)
    await http.send(Buffer.from(bytes, 'latin1'))
    expect(await http.next()).toMatchObject({ status })
    await http.ended
    await expectAlive(server)
  })

  it.each(['BREW', 'OPTIONS', 'TRACE', 'PATCH', 'X'.repeat(1000)])(
    'is 404 or 405 when only its method is unknown: %s',
    async (method) => {
      await using server = await startServer()
      using http = await RawHttp.connect(server.port)
      await http.send(request(method, '/') + request(method, '/up') + request('GET', '/up'))
      expect(await http.next()).toMatchObject({ status: 404 })
      expect(await http.next()).toMatchObject({ status: 405 })
      expect(await http.next()).toMatchObject({ status: 200 })
    },
  )
})
