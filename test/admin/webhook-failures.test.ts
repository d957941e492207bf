/** Webhook requests that were given up, on the admin port and from the command line. */
import { describe, expect, it } from 'vitest'
import { type Outcome, resound } from '../support/command.ts'
import { Directory } from '../support/directory.ts'
import { TestEndpoint } from '../support/endpoint.ts'
import { eventually } from '../support/eventually.ts'
import { exchange, type RawAnswer, request } from '../support/raw-http.ts'
import { startRedis } from '../support/redis.ts'
import { APP, startServer, type TestServer, type TestServerOptions } from '../support/server.ts'

const OTHER = { id: '4', key: 'other', secret: 'other' } as const

/** A server of two apps, each with a webhook to this endpoint, that gives up after one attempt. */
function serve(
  endpoint: TestEndpoint,
  options: Omit<TestServerOptions, 'app'> = {},
): Promise<TestServer> {
  const webhooks = [
    {
      url: `${endpoint.url}?token=hidden`,
      allowPrivateAddress: true,
      events: ['channel_occupied' as const],
    },
  ]
  return startServer({
    ...options,
    webhooks: { graceSeconds: 0, batchMilliseconds: 0, retrySeconds: 0 },
    apps: [
      { ...APP, webhooks },
      { ...OTHER, webhooks },
    ],
  })
}

interface Listed {
  readonly failures: readonly Record<string, unknown>[]
  readonly more: boolean
}

async function ask(server: TestServer, method: string, path: string): Promise<RawAnswer> {
  const answer = await exchange(server.server.admin.port, request(method, path))
  if (answer === undefined) throw new Error('no answer')
  return answer
}

async function list(server: TestServer, query = ''): Promise<Listed> {
  return JSON.parse((await ask(server, 'GET', `/webhooks/failures${query}`)).body)
}

/** Lets the channels' events be given up, a request each, in this order. */
async function giveUp(
  server: TestServer,
  channels: readonly string[],
  app: typeof APP | typeof OTHER = APP,
): Promise<void> {
  const url = server.wsUrl.replace(APP.key, app.key)
  const client = await server.dial(url, {}, app).established()
  for (const channel of channels) {
    const before = (await list(server, `?app=${app.id}`)).failures.length
    await client.subscribe(channel)
    await eventually(async () =>
      expect((await list(server, `?app=${app.id}`)).failures).toHaveLength(before + 1),
    )
  }
}

describe('failures on the admin port', () => {
  it('are none at first', async () => {
    await using endpoint = await TestEndpoint.start()
    await using server = await serve(endpoint)
    expect(await list(server)).toEqual({ failures: [], more: false })
  })

  it('are listed, the newest first, without payloads and the query of the URL', async () => {
    await using endpoint = await TestEndpoint.start()
    endpoint.answer(() => ({ status: 500 }))
    await using server = await serve(endpoint)
    await giveUp(server, ['a', 'b'])
    const { failures } = await list(server)
    expect(failures).toEqual(
      Array(2).fill({
        id: expect.stringMatching(/^[\da-f-]{36}$/),
        app: '3',
        webhook: `${new URL(endpoint.url)}?********`,
        events: 1,
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        givenUpAt: expect.stringMatching(/^\d{4}-.*Z$/),
        reason: 'status 500',
      }),
    )
    const [newest, oldest] = (await list(server, '?payloads=1')).failures
    expect(newest?.['payloads']).toEqual([{ name: 'channel_occupied', channel: 'b' }])
    expect(oldest?.['payloads']).toEqual([{ name: 'channel_occupied', channel: 'a' }])
  })

  it('are those of one app, and so many, if that is asked for', async () => {
    await using endpoint = await TestEndpoint.start()
    endpoint.answer(() => ({ status: 500 }))
    await using server = await serve(endpoint)
    await giveUp(server, ['a', 'b'])
    await giveUp(server, ['c'], OTHER)
    expect((await list(server)).failures.map(({ app }) => app)).toEqual(['4', '3', '3'])
    expect((await list(server, '?app=4')).failures).toHaveLength(1)
    expect((await list(server, '?app=5')).failures).toEqual([])
    expect(await list(server, '?limit=2')).toMatchObject({ failures: [{}, {}], more: true })
    expect(await list(server, '?limit=3')).toMatchObject({ more: false })
  })

  it.each(['0', '1001', '-1', '1.5', 'x'])('refuse a limit of %s', async (limit) => {
    await using endpoint = await TestEndpoint.start()
    await using server = await serve(endpoint)
    expect(await ask(server, 'GET', `/webhooks/failures?limit=${limit}`)).toMatchObject({
      status: 400,
    })
  })

  it('are sent again, all or one, and are none after that', async () => {
    await using endpoint = await TestEndpoint.start()
    endpoint.answer(() => ({ status: 500 }))
    await using server = await serve(endpoint)
    await giveUp(server, ['a', 'b', 'c'])
    endpoint.answer(() => ({ status: 200 }))
    const [, b] = (await list(server)).failures
    const one = await ask(server, 'POST', `/webhooks/failures/replay?id=${b?.['id']}`)
    expect(one).toMatchObject({ status: 200, body: '{"replayed":1}' })
    await endpoint.until(() => endpoint.posted.length === 4)
    const rest = await ask(server, 'POST', '/webhooks/failures/replay?app=3')
    expect(rest).toMatchObject({ status: 200, body: '{"replayed":2}' })
    await endpoint.eventsUntil(6)
    expect(endpoint.events.slice(3).map(({ channel }) => channel)).toEqual(['b', 'a', 'c'])
    expect((await list(server)).failures).toEqual([])
    expect((await ask(server, 'POST', '/webhooks/failures/replay')).body).toBe('{"replayed":0}')
  })

  it('outlive the server where Redis is configured, and cannot be had while it is away', async () => {
    await using redis = await startRedis()
    await using endpoint = await TestEndpoint.start()
    endpoint.answer(() => ({ status: 500 }))
    {
      await using server = await serve(endpoint, { redis: { url: redis.url } })
      // It serves before its Redis has answered.
      await eventually(async () => expect((await list(server)).failures).toEqual([]))
      await giveUp(server, ['a'])
    }
    await using server = await serve(endpoint, { redis: { url: redis.url } })
    await eventually(async () => expect((await list(server)).failures).toHaveLength(1))
    await redis.stop()
    expect(await ask(server, 'GET', '/webhooks/failures')).toMatchObject({
      status: 503,
      body: '{"error":"Redis, where webhook requests are kept, does not answer.","code":503}',
    })
  })

  it.each([
    ['a page of another site', 'Host: 127.0.0.1:9601\r\nOrigin: https://evil.example\r\n'],
    ['a page whose name leads here', 'Host: evil.example:9601\r\n'],
  ])('are not for %s', async (_what, headers) => {
    await using endpoint = await TestEndpoint.start()
    await using server = await serve(endpoint)
    for (const line of ['GET /webhooks/failures', 'POST /webhooks/failures/replay']) {
      const answer = await exchange(server.server.admin.port, `${line} HTTP/1.1\r\n${headers}\r\n`)
      expect(answer).toMatchObject({ status: 403 })
    }
  })

  it('ask for the token where there is one, from whatever name', async () => {
    await using endpoint = await TestEndpoint.start()
    const token = 'a-token-of-sixteen'
    await using server = await serve(endpoint, { admin: { token } })
    expect(await ask(server, 'GET', '/webhooks/failures')).toMatchObject({ status: 401 })
    const headers = `Host: admin.example\r\nAuthorization: Bearer ${token}\r\n`
    const answer = await exchange(
      server.server.admin.port,
      `GET /webhooks/failures HTTP/1.1\r\n${headers}\r\n`,
    )
    expect(answer).toMatchObject({ status: 200 })
  })
})

describe('resound webhooks', () => {
  /** Runs it with a configuration that names the server's admin port. */
  async function run(server: TestServer, args: string[], token?: string): Promise<Outcome> {
    using directory = new Directory()
    directory.write('resound.json', {
      admin: { port: server.server.admin.port, ...(token === undefined ? {} : { token }) },
      apps: [APP],
    })
    return await resound(['webhooks', ...args, '--config', directory.file('resound.json')])
  }

  it('lists what was given up, its payloads only when they are asked for', async () => {
    await using endpoint = await TestEndpoint.start()
    endpoint.answer(() => ({ status: 500 }))
    await using server = await serve(endpoint)
    expect(await run(server, ['list'])).toEqual({
      code: 0,
      stdout: 'No webhook request has been given up\n',
      stderr: '',
    })
    await giveUp(server, ['secret-channel'])
    const { stdout } = await run(server, ['list'])
    expect(stdout).toMatch(
      /^\d{4}-\S+Z {2}app 3 {2}1 event {2}status 500\n {4}http:\S+\n {4}\S+\n$/,
    )
    expect(stdout).not.toContain('secret-channel')
    const shown = await run(server, ['list', '--payloads', '--app', '3'])
    expect(shown.stdout).toContain('{"name":"channel_occupied","channel":"secret-channel"}')
    expect(JSON.parse((await run(server, ['list', '--json'])).stdout)).toMatchObject({
      schema: 'resound.webhooks.list/1',
      failures: [{ app: '3', events: 1, reason: 'status 500' }],
      more: false,
    })
  })

  it('replays', async () => {
    await using endpoint = await TestEndpoint.start()
    endpoint.answer(() => ({ status: 500 }))
    await using server = await serve(endpoint)
    await giveUp(server, ['a', 'b'])
    endpoint.answer(() => ({ status: 200 }))
    const [{ id } = {}] = (await list(server)).failures
    expect((await run(server, ['replay', '--id', String(id)])).stdout).toBe(
      '1 request is on the way again\n',
    )
    expect(JSON.parse((await run(server, ['replay', '--app', '3', '--json'])).stdout)).toEqual({
      schema: 'resound.webhooks.replay/1',
      replayed: 1,
    })
    await endpoint.eventsUntil(4)
  })

  it('ends with 69 where no server answers, and with 1 where it refuses', async () => {
    await using endpoint = await TestEndpoint.start()
    const server = await serve(endpoint, { admin: { token: 'a-token-of-sixteen' } })
    const refused = await run(server, ['list'], 'another-token-of-it')
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toContain('Send the admin token')
    expect(refused.stderr).not.toContain('another-token-of-it')
    expect(await run(server, ['list'], 'a-token-of-sixteen')).toMatchObject({ code: 0 })
    await server[Symbol.asyncDispose]()
    const gone = await run(server, ['list'])
    expect(gone).toMatchObject({ code: 69, stdout: '' })
    expect(gone.stderr).toContain('RESOUND_SERVER_UNREACHABLE')
  })

  it('ends with 69 where the admin port is a free one', async () => {
    using directory = new Directory({ 'resound.json': { admin: { port: 0 }, apps: [APP] } })
    const { code, stderr } = await resound([
      ...['webhooks', 'list', '--config', directory.file('resound.json')],
    ])
    expect(code).toBe(69)
    expect(stderr).toContain('--admin-url')
  })
})
