import { describe, expect, it } from 'vitest'
import { FAILURES } from '../../src/bridge/outcome.ts'
import { ask, countsOf, startBridged } from '../support/bridge.ts'
import type { TestServer } from '../support/server.ts'
import { Upstream } from '../support/upstream.ts'

const PAGE = 'https://app.example.com'

const preflight = (server: TestServer, origin: string): Promise<Response> =>
  fetch(`${server.url}/apps/3/auth`, {
    method: 'OPTIONS',
    headers: {
      Origin: origin,
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'authorization,x-csrf-token',
    },
  })

const corsOf = ({ headers }: Response): Record<string, string> =>
  Object.fromEntries(
    [...headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary'),
  )

const start = (laravel: Upstream, allowedOrigins: string[]): Promise<TestServer> =>
  startBridged(laravel.url, { app: { allowedOrigins } })

describe('a page of an origin that the app lists', () => {
  it('may read the answer, and come with cookies', async () => {
    await using laravel = await Upstream.start()
    await using server = await start(laravel, ['https://*.example.com'])
    const { socketId } = await server.connect()
    const answer = await ask({ server, socketId, headers: { Origin: PAGE } })
    expect(answer.status).toBe(200)
    expect(corsOf(answer)).toEqual({
      'access-control-allow-origin': PAGE,
      'access-control-allow-credentials': 'true',
      vary: 'Origin',
    })
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  it.each([
    ['what Laravel refuses', 'private-a', 403],
    ['what is not asked', 'orders', 403],
    ['what is malformed', 'a b', 400],
  ])('may read why: %s', async (_what, channel, status) => {
    await using laravel = await Upstream.start({ status: 403 })
    await using server = await start(laravel, [PAGE])
    const { socketId } = await server.connect()
    const answer = await ask({ server, socketId, channel, headers: { Origin: PAGE } })
    expect(answer.status).toBe(status)
    expect(corsOf(answer)).toMatchObject({ 'access-control-allow-origin': PAGE })
  })

  it('may ask beforehand, and Laravel is left alone', async () => {
    await using laravel = await Upstream.start()
    await using server = await start(laravel, [PAGE])
    const answer = await preflight(server, PAGE)
    expect(answer.status).toBe(200)
    expect(corsOf(answer)).toEqual({
      'access-control-allow-origin': PAGE,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers':
        'Accept, Authorization, Content-Type, X-CSRF-TOKEN, X-Requested-With, X-Socket-Id, X-XSRF-TOKEN',
      'access-control-max-age': '7200',
      vary: 'Origin',
    })
    expect(laravel.asked).toEqual([])
  })

  it('may read that there is no bridge', async () => {
    await using server = await startBridged('http://laravel.test', {
      app: { allowedOrigins: [PAGE], laravel: { authUrl: undefined } },
    })
    expect((await preflight(server, PAGE)).status).toBe(200)
    const answer = await ask({ server, socketId: '1.1', headers: { Origin: PAGE } })
    expect(answer.status).toBe(404)
    expect(corsOf(answer)).toMatchObject({ 'access-control-allow-origin': PAGE })
    expect(await answer.json()).toEqual({ error: FAILURES.off.error, code: 404 })
  })
})

it('a page of any origin may come without cookies where the app allows all', async () => {
  await using laravel = await Upstream.start()
  await using server = await start(laravel, ['*'])
  const { socketId } = await server.connect()
  for (const answer of [
    await ask({ server, socketId, headers: { Origin: PAGE } }),
    await preflight(server, PAGE),
  ]) {
    expect(answer.status).toBe(200)
    expect(answer.headers.get('access-control-allow-origin')).toBe(PAGE)
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
  }
})

it.each([
  'https://evil.example',
  'https://app.example.com.evil.example',
  'http://app.example.com',
  'null',
])('a page of another origin is refused unasked: %s', async (origin) => {
  await using laravel = await Upstream.start()
  await using server = await start(laravel, [PAGE])
  const { socketId } = await server.connect()
  for (const answer of [
    await ask({ server, socketId, headers: { Origin: origin } }),
    await preflight(server, origin),
  ]) {
    expect(answer.status).toBe(403)
    expect(corsOf(answer)).toEqual({ vary: 'Origin' })
    expect(await answer.json()).toEqual({ error: FAILURES.origin.error, code: 403 })
  }
  expect(laravel.asked).toEqual([])
  expect(countsOf(server)).toEqual({ origin: 2 })
})

it('what is no page has no origin, and needs none', async () => {
  await using laravel = await Upstream.start()
  await using server = await start(laravel, [PAGE])
  const { socketId } = await server.connect()
  const answer = await ask({ server, socketId })
  expect(answer.status).toBe(200)
  expect(corsOf(answer)).toEqual({ vary: 'Origin' })
})
