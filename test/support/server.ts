/** A real server in this process on free ports, and what tests need to talk to it. */
import { createHash, createHmac } from 'node:crypto'
import { type Logger, pino } from 'pino'
import { afterAll, expect } from 'vitest'
import type { z } from 'zod'
import { eventBodyBytes } from '../../src/admin/live.ts'
import { type AdminPort, serveAdminPort } from '../../src/admin/port.ts'
import { createAdminApi } from '../../src/admin/router.ts'
import { Config } from '../../src/config/schema.ts'
import { type Server, startServer as start } from '../../src/server.ts'
import { TestClient } from './client.ts'
import { countingClock, ManualClock, type TestClock } from './clock.ts'
import { eventually } from './eventually.ts'
import { Page } from './page.ts'
import { startRedis, type TestRedis } from './redis.ts'

type ConfigInput = z.input<typeof Config>
type AppInput = NonNullable<ConfigInput['apps']>[number]

/** The credentials of the test vectors in Pusher's documentation. */
export const APP = { id: '3', key: '278d425bdf160c739803', secret: '7ad3773142a6692b25b8' } as const

export interface TestServerOptions extends Omit<ConfigInput, 'apps'> {
  /** Options of the one app, beside its credentials. */
  readonly app?: Partial<AppInput>
  /** Several apps instead. */
  readonly apps?: AppInput[]
  readonly clock?: TestClock
  readonly logger?: Logger
  /** Two where the tests are to be run so, and they do not say that they are about one node. */
  readonly nodes?: 1 | 2
  /** How late those are who take the connections of a drain, in seconds. */
  readonly pressure?: () => number
}

/** How many nodes a test's server has when it does not say: the projects of vitest.config.ts differ in it. */
const NODES = process.env['TEST_NODES'] === '2' ? 2 : 1

export interface HttpAnswer {
  readonly status: number
  readonly body: unknown
  readonly headers: Headers
}

/** A server with its admin port, which belongs to whoever starts one. */
type AdministeredServer = Server & { readonly admin: AdminPort }

/**
 * One node, or two that share a Redis: connections are made to one and the other by turns, and requests to
 * the other and the one, so that what a test does has to cross from node to node.
 */
export class TestServer implements AsyncDisposable {
  /** The first node. */
  readonly server: AdministeredServer
  readonly nodes: readonly AdministeredServer[]
  readonly config: Config
  readonly app: { readonly id: string; readonly key: string; readonly secret: string }
  readonly #clock: TestClock
  readonly #clients: TestClient[] = []
  #dialled = 0
  #requested = 1

  constructor(
    nodes: readonly [AdministeredServer, ...AdministeredServer[]],
    config: Config,
    clock: TestClock,
  ) {
    this.server = nodes[0]
    this.nodes = nodes
    this.config = config
    this.#clock = clock
    const [app] = config.apps
    if (app === undefined) throw new Error('a test server has an app')
    this.app = app
  }

  get host(): string {
    return '127.0.0.1'
  }

  get port(): number {
    return this.server.port
  }

  get url(): string {
    return this.#urlOf(this.server)
  }

  get wsUrl(): string {
    return this.#wsUrlOf(this.server)
  }

  #urlOf({ port }: Server): string {
    return `http${this.config.tls === undefined ? '' : 's'}://127.0.0.1:${port}${this.config.pathPrefix}`
  }

  #wsUrlOf(node: Server): string {
    return `${this.#urlOf(node).replace(/^http/, 'ws')}/app/${this.app.key}?protocol=7&client=js&version=8.6.0&flash=false`
  }

  #node(turn: number): Server {
    return this.nodes[turn % this.nodes.length] ?? this.server
  }

  /** Opens a connection without waiting for anything. @param url another than the app's own */
  dial(
    url?: string,
    options: { headers?: Record<string, string>; autoPong?: boolean } = {},
    app: { key: string; secret: string } = this.app,
  ): TestClient {
    const node = this.#node(this.#dialled)
    if (url === undefined) this.#dialled += 1
    const client = new TestClient(url ?? this.#wsUrlOf(node), app, {
      ...options,
      settled: () => this.settled(),
    })
    this.#clients.push(client)
    return client
  }

  /** Opens a connection and waits until it is established. */
  connect(
    options: { headers?: Record<string, string>; autoPong?: boolean } = {},
  ): Promise<TestClient> {
    return this.dial(undefined, options).established()
  }

  /** Resolves when every node has heard all that the others have said by now. */
  async settled(): Promise<void> {
    if (this.nodes.length === 1) return
    // By the road that everything takes: to Redis, and from there to whoever listens.
    for (const { group } of [...this.nodes, this.server]) await group?.echo()
  }

  /** A signed request. @param path below `/apps/{id}` */
  async request(
    method: string,
    path: string,
    { body, query = {} }: { body?: unknown; query?: Record<string, string> } = {},
  ): Promise<HttpAnswer> {
    const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
    const node = this.#node(this.#requested)
    this.#requested += 1
    const response = await fetch(
      `${this.#urlOf(node)}${signedPath(this.app, method, `/apps/${this.app.id}${path}`, text, query)}`,
      text === '' ? { method } : { method, body: text },
    )
    return { status: response.status, body: await response.json(), headers: response.headers }
  }

  /** Publishes over HTTP; every node has heard it when this resolves. */
  async trigger(
    channel: string,
    event: string,
    data: unknown,
    more: object = {},
  ): Promise<HttpAnswer> {
    const answer = await this.request('POST', '/events', {
      body: { name: event, channel, data: JSON.stringify(data), ...more },
    })
    await this.settled()
    return answer
  }

  /** Waits until the server holds no connection, channel, member or user. */
  async expectEmpty(): Promise<void> {
    const isEmpty = () => expect(this.#held()).toEqual({ connections: 0, channels: 0, users: 0 })
    await eventually(isEmpty)
  }

  /** Ends the clients, and asserts that nothing of them is left: every test is also a leak test. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.terminate()
    await Promise.allSettled(this.#clients.map(({ closed }) => closed))
    try {
      await this.expectEmpty()
    } finally {
      for (const node of this.nodes) {
        await node.stop()
        node.admin.stop()
      }
    }
    expect(this.#clock.running, 'timers left').toBe(0)
  }

  #held(): { connections: number; channels: number; users: number } {
    const held = { connections: 0, channels: 0, users: 0 }
    for (const { hub } of this.nodes) {
      for (const { connections, channels, users } of hub.lives()) {
        held.connections += connections.size
        held.channels += channels.size
        held.users += users.count
      }
    }
    return held
  }
}

/** Starts a server with one app, on free ports, silent unless given a log. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const {
    app,
    apps,
    clock = countingClock(),
    logger = pino({ level: 'silent' }),
    // Time that is turned by hand is no time to Redis.
    nodes: count = clock instanceof ManualClock ? 1 : NODES,
    pressure = () => 0,
    ...rest
  } = options
  const config = Config.parse({
    host: '127.0.0.1',
    port: 0,
    ...rest,
    presence: { lingerSeconds: 0, ...rest.presence }, // or it would be waited for after every test
    admin: { port: 0, ...rest.admin },
    apps: apps ?? [{ ...APP, ...app }],
    ...(count === 2 ? { redis: await groupRedis(rest.redis) } : {}),
  })
  const administered = async (): Promise<AdministeredServer> => {
    const server = await start({ config, log: logger, clock, pressure })
    const { metrics, webhooks, live, watch } = server
    try {
      const api = createAdminApi({
        metrics,
        webhooks,
        live,
        watch,
        eventBodyBytes: eventBodyBytes(config),
        token: config.admin.token,
      })
      return Object.assign(server, { admin: serveAdminPort(api, config.admin, logger) })
    } catch (fault) {
      await server.stop()
      throw fault
    }
  }
  const first = await administered()
  if (count === 1) return new TestServer([first], config, clock)
  return new TestServer([first, await administered()], config, clock)
}

let redis: Promise<TestRedis> | undefined
let groups = 0
afterAll(async () => {
  await (await redis)?.[Symbol.asyncDispose]()
  redis = undefined
})

/** A part of a Redis for one group of nodes. The Redis is there for all tests of a file. */
async function groupRedis(own: ConfigInput['redis'] = {}): Promise<ConfigInput['redis']> {
  groups += 1
  if (own.url !== undefined) return own
  redis ??= startRedis({ users: [documentedUser()] })
  const url = (await redis).urlFor('resound:change-me')
  return { ...own, url, keyPrefix: `resound:${groups}:` }
}

/** Whom docs/redis.md allows no more than what is needed, as `ACL SETUSER` takes it; `change-me` is the password. */
export function documentedUser(): readonly string[] {
  const [, , user = '', ...rules] = new Page('redis.md').block('redis', '+eval').trim().split(' ')
  return [user, 'on', '>change-me', 'resetchannels', ...rules]
}

/** A path with the query that signs it, as the server SDKs build it. */
export function signedPath(
  app: { readonly key: string; readonly secret: string },
  method: string,
  path: string,
  body = '',
  query: Record<string, string> = {},
  timestamp = Math.floor(Date.now() / 1000),
): string {
  const parameters: Record<string, string> = {
    ...query,
    auth_key: app.key,
    auth_timestamp: String(timestamp),
    auth_version: '1.0',
    ...(body === '' ? {} : { body_md5: createHash('md5').update(body).digest('hex') }),
  }
  const keys = Object.keys(parameters).sort()
  const text = keys.map((key) => `${key}=${parameters[key]}`).join('&')
  const signature = createHmac('sha256', app.secret)
    .update(`${method}\n${path}\n${text}`)
    .digest('hex')
  const encoded = keys.map((key) => `${key}=${encodeURIComponent(parameters[key] ?? '')}`).join('&')
  return `${path}?${encoded}&auth_signature=${signature}`
}
