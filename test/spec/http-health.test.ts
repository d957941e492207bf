import { describe, expect, it } from 'vitest'
import { ManualClock } from '../support/clock.ts'
import { exchange, RawHttp, request } from '../support/raw-http.ts'
import { startServer } from '../support/server.ts'

const UP = { status: 200, body: '{"health":"OK"}' }
const READY = { status: 200, body: '{"ready":true,"reason":"serving"}' }

describe('/up', () => {
  it('says that this process can serve, to whoever asks', async () => {
    await using server = await startServer()
    const answer = await fetch(`${server.url}/up`)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(await answer.text()).toBe('{"health":"OK"}')
  })

  it.each([
    ['/up', 200, '15'],
    ['/ready', 200, '33'],
    ['/nowhere', 404, '86'],
    ['/apps/3/channels', 405, '45'],
  ])('answers HEAD on %s with the headers alone', async (path, status, length) => {
    await using server = await startServer()
    using http = await RawHttp.connect(server.port)
    await http.send(request('HEAD', path) + request('GET', '/up'))
    const head = await http.next('HEAD')
    expect(head).toMatchObject({ status, body: '' })
    expect(head?.headers.get('content-length')).toBe(length)
    expect(await http.next()).toMatchObject(UP)
    expect(http.rest).toBe('')
  })

  it.each([
    ['POST', '/up'],
    ['DELETE', '/up'],
    ['POST', '/ready'],
    ['BREW', '/ready'],
  ])('refuses %s %s, and says what is allowed', async (method, path) => {
    await using server = await startServer()
    const answer = await exchange(server.port, request(method, path))
    expect(answer).toMatchObject({
      status: 405,
      body: '{"error":"Use GET for this path.","code":405}',
    })
    expect(answer?.headers.get('allow')).toBe('GET, HEAD')
  })

  it.each(['/up', '/ready', '/reverb/up', '/reverb/ready'])(
    'is found at %s with a pathPrefix: probes may not know of it',
    async (path) => {
      await using server = await startServer({ pathPrefix: '/reverb' })
      expect(await exchange(server.port, request('GET', path))).toMatchObject({ status: 200 })
    },
  )
})

describe('/ready', () => {
  it('says whether new clients should come here', async () => {
    await using server = await startServer()
    expect(await exchange(server.port, request('GET', '/ready'))).toMatchObject(READY)
  })

  it('is 503 while the server drains, and /up still 200', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock })
    const client = await server.connect()
    using http = await RawHttp.connect(server.port)
    await http.send(request('GET', '/ready'))
    expect(await http.next()).toMatchObject(READY)

    const drained = server.server.drain()
    await http.send(request('GET', '/ready') + request('GET', '/up'))
    expect(await http.next()).toMatchObject({
      status: 503,
      body: '{"ready":false,"reason":"draining"}',
    })
    expect(await http.next()).toMatchObject(UP)

    await server.server.stop()
    await drained
    expect(await client.closed).toMatchObject({ code: 4200 })
  })
})

describe('a connection', () => {
  it('is kept for the next request', async () => {
    await using server = await startServer()
    using http = await RawHttp.connect(server.port)
    for (const path of ['/up', '/nowhere', '/ready']) {
      await http.send(request('GET', path))
      expect(await http.next()).toBeDefined()
    }
    await http.send(request('GET', '/up'))
    expect(await http.next()).toMatchObject(UP)
  })

  it('answers requests that come together in their order', async () => {
    await using server = await startServer()
    using http = await RawHttp.connect(server.port)
    await http.send(
      request('GET', '/up') + request('POST', '/nowhere', '{}') + request('GET', '/ready'),
    )
    expect(await http.next()).toMatchObject(UP)
    expect(await http.next()).toMatchObject({ status: 404 })
    expect(await http.next()).toMatchObject(READY)
  })

  it('is closed after the answer when the client asks for that', async () => {
    await using server = await startServer()
    using http = await RawHttp.connect(server.port)
    await http.send(request('GET', '/up', '', 'Connection: close\r\n'))
    expect(await http.next()).toMatchObject(UP)
    await http.ended
    expect(http.rest).toBe('')
  })

  it('may wait to be asked for the body', async () => {
    await using server = await startServer()
    using http = await RawHttp.connect(server.port)
    await http.send('POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n')
    await http.send('Expect: 100-continue\r\n\r\n')
    expect(await http.next()).toMatchObject({ status: 100 })
    await http.send('{}')
    expect(await http.next()).toMatchObject({ status: 404 })
  })
})
