/** Requests to servers that do what servers on the internet do, good and bad. */
import { EventEmitter, once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import {
  createServer as createTcpServer,
  type LookupFunction,
  type Server,
  type Socket,
} from 'node:net'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { Outward, type OutwardOptions, type OutwardRequest } from '../../src/outward/outward.ts'
import { createCertificate } from '../support/certificate.ts'
import { Directory } from '../support/directory.ts'
import { freePort } from '../support/free-port.ts'

/** A way out that may go to this machine, unless a test says otherwise. */
class Way implements AsyncDisposable {
  readonly outward: Outward

  constructor(options: Partial<OutwardOptions> = {}) {
    this.outward = new Outward({
      timeoutMilliseconds: 5000,
      answerBytes: 64 * 1024,
      allowPrivateAddress: true,
      connections: 4,
      ...options,
    })
  }

  get(url: string, more: Partial<OutwardRequest> = {}) {
    return this.outward.request({ url, method: 'GET', headers: {}, ...more })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.outward.close()
  }
}

/** A server on a free port of this machine, which counts its connections. */
class Host implements AsyncDisposable {
  readonly #server: Server
  readonly #open = new Set<Socket>()
  /** Connections that were made. */
  connections = 0
  /** Most connections at once. */
  most = 0

  private constructor(server: Server) {
    this.#server = server
    server.on('connection', (socket: Socket) => {
      this.connections += 1
      this.#open.add(socket)
      this.most = Math.max(this.most, this.#open.size)
      socket.on('error', () => undefined) // whoever called was refused in the middle: `close` follows
      socket.once('close', () => this.#open.delete(socket))
    })
  }

  static async of(server: Server, address = '127.0.0.1'): Promise<Host> {
    const host = new Host(server)
    server.listen(0, address)
    await once(server, 'listening')
    return host
  }

  static http(listener: RequestListener, address?: string): Promise<Host> {
    return Host.of(createServer(listener), address)
  }

  static tcp(connected: (socket: Socket) => void): Promise<Host> {
    return Host.of(createTcpServer(connected))
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    return address.port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#open) socket.destroy()
    await closed
  }
}

const answering =
  (text: string): RequestListener =>
  (_request, response) =>
    response.end(text)

const naming =
  (...answers: string[]): LookupFunction =>
  (_host, _options, done) => {
    const address = answers.length > 1 ? answers.shift() : answers[0]
    done(null, [{ address: address ?? '', family: address?.includes(':') ? 6 : 4 }])
  }

describe('a request', () => {
  it('is sent as it is, and its answer told', async () => {
    const received: unknown[] = []
    await using host = await Host.http(async (request, response) => {
      const body = (await buffer(request)).toString('utf8')
      received.push([request.method, request.url, request.headers['x-a'], body])
      response.setHeader('Set-Cookie', ['first=1', 'second=2'])
      response.writeHead(201, { 'X-Answer': 'yes' }).end('é')
    })
    await using way = new Way()
    const outcome = await way.get(`${host.url}a/b?c=d%20e#f`, {
      method: 'POST',
      headers: { 'X-A': 'b' },
      body: Buffer.from('{"é":1}'),
    })
    expect(received).toEqual([['POST', '/a/b?c=d%20e', 'b', '{"é":1}']])
    expect(outcome).toMatchObject({
      ok: true,
      answer: { status: 201, body: 'é', headers: { 'x-answer': 'yes', 'set-cookie': 'first=1' } },
    })
  })

  it('does not follow a redirect', async () => {
    await using elsewhere = await Host.http(answering('secret'))
    await using host = await Host.http((_request, response) => {
      response.writeHead(302, { Location: elsewhere.url }).end()
    })
    await using way = new Way()
    expect(await way.get(host.url)).toMatchObject({
      ok: true,
      answer: { status: 302, headers: { location: elsewhere.url } },
    })
    expect(elsewhere.connections).toBe(0)
  })

  it('uses a connection again', async () => {
    await using host = await Host.http(answering('a'))
    await using way = new Way()
    for (let requests = 0; requests < 10; requests += 1) await way.get(host.url)
    expect(host.connections, 'one, or two that take turns').toBeLessThanOrEqual(2)
  })

  it('waits where a host has its connections', async () => {
    await using host = await Host.http((_request, response) => {
      setImmediate(() => response.end('a'))
    })
    await using way = new Way({ connections: 2 })
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => way.get(host.url)))
    expect(outcomes.every(({ ok }) => ok)).toBe(true)
    expect(host.most).toBe(2)
  })

  it('goes to an IPv6 address', async () => {
    await using host = await Host.http(answering('six'), '::1')
    await using way = new Way()
    expect(await way.get(`http://[::1]:${host.port}/`)).toMatchObject({
      ok: true,
      answer: { body: 'six' },
    })
  })
})

describe('a private address', () => {
  it.each([
    (port: number) => `http://127.0.0.1:${port}/`,
    (port: number) => `http://2130706433:${port}/`,
    (port: number) => `http://[::1]:${port}/`,
    (port: number) => `http://[::ffff:127.0.0.1]:${port}/`,
    (port: number) => `http://localhost:${port}/`,
    () => 'http://169.254.169.254/latest/meta-data/',
    () => 'http://10.0.0.1/',
    () => 'http://[fd00:ec2::254]/',
  ])('is not dialled: %s', async (urlOf) => {
    await using host = await Host.http(answering('secret'), '::')
    await using way = new Way({ allowPrivateAddress: false })
    expect(await way.get(urlOf(host.port))).toMatchObject({ ok: false, failure: 'private-address' })
    expect(host.connections).toBe(0)
  })

  it.each([
    '127.0.0.1',
    '10.0.0.1',
    '169.254.169.254',
    '::1',
    'fd00::1',
    '::ffff:127.0.0.1',
    '64:ff9b::7f00:1',
  ])('is not dialled where a name leads to it: %s', async (address) => {
    await using host = await Host.http(answering('secret'), '::')
    await using way = new Way({ allowPrivateAddress: false, lookup: naming(address) })
    expect(await way.get(`http://app.test:${host.port}/`)).toMatchObject({
      ok: false,
      failure: 'private-address',
    })
    expect(host.connections).toBe(0)
  })

  it('is not dialled by a name that had another address a moment ago', async () => {
    await using host = await Host.http(answering('secret'))
    const asked: string[] = []
    const answer = naming('4000::1', '127.0.0.1')
    const rebinding: LookupFunction = (name, options, done) => {
      asked.push(name)
      answer(name, options, done)
    }
    // The first address is nobody's; what matters is that the name is not asked for again.
    await using way = new Way({
      allowPrivateAddress: false,
      lookup: rebinding,
      timeoutMilliseconds: 200,
    })
    expect(await way.get(`http://app.test:${host.port}/`)).toMatchObject({ ok: false })
    expect(asked, 'once per connection').toEqual(['app.test'])
    expect(await way.get(`http://app.test:${host.port}/`)).toMatchObject({
      ok: false,
      failure: 'private-address',
    })
    expect(host.connections).toBe(0)
  })

  it('is dialled where that is allowed, as the look-up said', async () => {
    await using host = await Host.http(answering('ours'))
    await using way = new Way({ lookup: naming('127.0.0.1', '4000::1') })
    expect(await way.get(`http://app.test:${host.port}/`)).toMatchObject({
      ok: true,
      answer: { body: 'ours' },
    })
  })
})

describe('what fails is an outcome:', () => {
  const DRIP_MILLISECONDS = 20

  it.each<[what: string, failure: string, connected: (socket: Socket) => void]>([
    ['no answer', 'timeout', () => undefined],
    ['an answer without an end', 'timeout', (socket) => socket.write('HTTP/1.1 200 OK\r\n\r\n')],
    [
      'a head that drips',
      'timeout',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\nX-Slow: ')
        const drip = setInterval(() => socket.write('a'), DRIP_MILLISECONDS)
        socket.once('close', () => clearInterval(drip))
      },
    ],
    [
      'a body that drips',
      'timeout',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n')
        const drip = setInterval(() => socket.write('a'), DRIP_MILLISECONDS)
        socket.once('close', () => clearInterval(drip))
      },
    ],
    ['a reset', 'unreachable', (socket) => socket.resetAndDestroy()],
    ['an end without an answer', 'unreachable', (socket) => socket.end()],
    ['an answer that is not HTTP', 'unreachable', (socket) => socket.end('SSH-2.0-OpenSSH\r\n')],
    [
      'an answer that ends too early',
      'unreachable',
      (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'),
    ],
    [
      'a head that is too large',
      'unreachable',
      (socket) => socket.write(`HTTP/1.1 200 OK\r\nX-Large: ${'a'.repeat(100_000)}\r\n\r\n`),
    ],
  ])('%s is %s', async (_what, failure, connected) => {
    await using host = await Host.tcp((socket) => {
      socket.once('data', () => connected(socket))
    })
    await using way = new Way({ timeoutMilliseconds: 300 })
    expect(await way.get(host.url)).toMatchObject({ ok: false, failure })
  })

  it.each<[what: string, listener: RequestListener]>([
    [
      'that says so',
      (_request, response) => {
        response.setHeader('Content-Length', 70_000)
        response.end('a'.repeat(70_000))
      },
    ],
    [
      'that never ends',
      (_request, response) => {
        const more = setInterval(() => response.write('a'.repeat(10_000)), 1)
        response.once('close', () => clearInterval(more))
      },
    ],
  ])('an answer %s is too large', async (_what, listener) => {
    await using host = await Host.http(listener)
    await using way = new Way()
    expect(await way.get(host.url)).toMatchObject({ ok: false, failure: 'too-large' })
  })

  it('an answer of exactly the allowed size is none', async () => {
    await using host = await Host.http(answering('a'.repeat(100)))
    await using exact = new Way({ answerBytes: 100 })
    await using less = new Way({ answerBytes: 99 })
    expect(await exact.get(host.url)).toMatchObject({ ok: true })
    expect(await less.get(host.url)).toMatchObject({ ok: false, failure: 'too-large' })
  })

  it('nobody who listens is unreachable', async () => {
    await using way = new Way()
    expect(await way.get(`http://127.0.0.1:${await freePort()}/`)).toMatchObject({
      ok: false,
      failure: 'unreachable',
    })
  })

  it('a name that nobody has is unresolvable', async () => {
    const lookup: LookupFunction = (host, _options, done) =>
      done(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' }), [])
    await using way = new Way({ lookup })
    expect(await way.get('http://app.test/')).toMatchObject({ ok: false, failure: 'unresolvable' })
  })

  it('a certificate that nobody signed whom we trust is tls', async () => {
    using directory = new Directory()
    const { cert, key } = createCertificate(directory)
    const tls = createTlsServer(
      { cert: readFileSync(cert), key: readFileSync(key) },
      answering('private'),
    )
    await using host = await Host.of(tls)
    await using way = new Way()
    expect(await way.get(`https://localhost:${host.port}/`)).toMatchObject({
      ok: false,
      failure: 'tls',
    })
  })

  it('TLS to a server without it is tls', async () => {
    await using host = await Host.http(answering('a'))
    await using way = new Way()
    expect(await way.get(host.url.replace('http', 'https'))).toMatchObject({
      ok: false,
      failure: 'tls',
    })
  })

  it('a request after the end is unreachable, and so is one in flight', async () => {
    const requests = new EventEmitter()
    await using host = await Host.http(() => requests.emit('request'))
    const way = new Way()
    const asked = once(requests, 'request')
    const inFlight = way.get(host.url)
    await asked
    await way.outward.close()
    expect(await inFlight).toMatchObject({ ok: false, failure: 'unreachable' })
    expect(await way.get(host.url)).toMatchObject({ ok: false, failure: 'unreachable' })
  })

  it('a connection that fails does not take the next request with it', async () => {
    let requests = 0
    await using host = await Host.http((request, response) => {
      requests += 1
      if (requests === 1) request.socket.resetAndDestroy()
      else response.end('a')
    })
    await using way = new Way()
    expect(await way.get(host.url)).toMatchObject({ ok: false })
    expect(await way.get(host.url)).toMatchObject({ ok: true })
  })
})
