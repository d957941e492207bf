/** What the admin port serves for the web console, and to whom. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { consoleLink, consoleRoutes } from '../../src/admin/console.ts'
import type { HttpResponse } from '../../src/http-api/exchange.ts'
import { StartedServer } from '../support/command.ts'
import { STARTED_APP } from '../support/pusher-sockets.ts'
import { exchange, request } from '../support/raw-http.ts'

let server: StartedServer
let port: number
let key: string
beforeAll(async () => {
  server = await StartedServer.start([], { environment: STARTED_APP })
  port = Number(new URL(server.admin).port)
  const { stdout } = await server.command('console', '--json')
  key = new URL(JSON.parse(stdout).url).hash.replace('#key=', '')
})
afterAll(() => server[Symbol.asyncDispose]())

const ask = (method: string, path: string, headers = '') =>
  exchange(port, request(method, path, '', headers))

describe('the page', () => {
  it('has a policy under which nothing but its own files runs', async () => {
    const answer = await ask('GET', '/')
    expect(answer?.status).toBe(200)
    expect(answer?.headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    )
    expect(answer?.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer?.headers.get('referrer-policy')).toBe('no-referrer')
    expect(answer?.headers.get('cache-control')).toBe('no-store')
    expect(answer?.body).not.toMatch(/<style|<script>|style=|onload|https?:/)
  })

  it('names files that may be kept, since their names change with them', async () => {
    const page = await ask('GET', '/')
    const files = [...(page?.body.matchAll(/(?:href|src)="([^"]+)"/g) ?? [])].map(
      ([, at = '']) => at,
    )
    expect(files).toHaveLength(3)
    for (const file of files) {
      const answer = await ask('GET', file)
      expect(answer?.status, file).toBe(200)
      expect(answer?.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
      expect(answer?.headers.get('x-content-type-options')).toBe('nosniff')
    }
  })

  it('that has not been built says so', () => {
    const routes = new Map(consoleRoutes(undefined, { link: () => '', needsToken: false }))
    const answer = routes.get('/')?.answer(new Map(), {} as never, { isOperator: false })
    expect(answer).toMatchObject({ status: 503, body: expect.stringContaining('npm run build') })
    expect((answer as HttpResponse).body).toContain('not built')
  })
})

describe('the console key', () => {
  it('proves an operator on the port', async () => {
    const bearer = `Authorization: Bearer ${key}\r\n`
    expect(await ask('GET', '/console/access', bearer)).toMatchObject({
      body: '{"needsToken":false,"isOperator":true}',
    })
    expect(await ask('GET', '/console/link', bearer)).toMatchObject({
      status: 200,
      body: JSON.stringify({ url: `${server.admin}/#key=${key}` }),
    })
  })

  it.each([
    ['none', ''],
    ['another', 'Authorization: Bearer another\r\n'],
    ['its beginning', () => `Authorization: Bearer ${key.slice(0, -1)}\r\n`],
  ])('does not with %s', async (_what, given) => {
    const headers = typeof given === 'string' ? given : given()
    expect(await ask('GET', '/console/access', headers)).toMatchObject({
      body: '{"needsToken":false,"isOperator":false}',
    })
    for (const [method, path] of [
      ['GET', '/console/link'],
      ['POST', '/diagnosis'],
      ['POST', '/connections/close?id=1.1'],
    ] as const) {
      expect(await ask(method, path, headers), path).toMatchObject({ status: 403 })
    }
  })

  it('is in no log, and not in the ready line', () => {
    expect(key).toMatch(/^[\w-]{32}$/)
    expect(server.output).not.toContain(key)
  })
})

describe('who looks from a web page', () => {
  const FOREIGN = [
    ['of another site', 'Origin: https://evil.example\r\n', undefined],
    ['whose name was made to lead here', '', 'evil.example'],
  ] as const

  it.each(FOREIGN)('%s is refused', async (_what, headers, host) => {
    for (const path of ['/samples', '/channels', '/connections', '/tail']) {
      const bytes = request('GET', path, '', headers)
      const sent = host === undefined ? bytes : bytes.replace('localhost', `${host}:${port}`)
      expect(await exchange(port, sent), path).toMatchObject({ status: 403 })
    }
  })

  it.each([
    ['evil.example', 403],
    ['localhost.evil.example', 403],
    ['[::1]', 200],
    ['127.0.0.1', 200],
    ['metrics.localhost', 200],
  ])('by the name %s is answered %i, also where scrapers ask', async (host, status) => {
    for (const path of ['/up', '/status', '/metrics', '/health']) {
      const sent = request('GET', path, '').replace('localhost', `${host}:${port}`)
      expect(await exchange(port, sent), path).toMatchObject({ status })
    }
  })
})

describe('the link', () => {
  it.each([
    ['127.0.0.1', 'http://127.0.0.1:9601/#key=k'],
    ['::1', 'http://[::1]:9601/#key=k'],
    ['0.0.0.0', 'http://127.0.0.1:9601/#key=k'],
    ['::', 'http://[::1]:9601/#key=k'],
  ])('of %s leads to it', (host, link) => {
    expect(consoleLink({ host, port: 9601 }, 'k')).toBe(link)
  })
})
