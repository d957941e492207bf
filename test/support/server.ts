/** A real server in this process on free ports, and what tests need to talk to it. */
import { createHash, createHmac } from 'node:crypto'
import { type Logger, pino } from 'pino'
import { expect } from 'vitest'
import type { z } from 'zod'
import { type AdminPort, serveAdminPort } from '../../src/admin/port.ts'
import { createAdminApi } from '../../src/admin/router.ts'
import { Config } from '../../src/config/schema.ts'
import { type Server, startServer as start } from '../../src/server.ts'
import { TestClient } from './client.ts'
import { countingClock, type TestClock } from './clock.ts'
import { eventually } from './eventually.ts'

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
}

export interface HttpAnswer {
  readonly status: number
  readonly body: unknown
  readonly headers: Headers
}

/** A server with its admin port, which belongs to whoever starts one. */
type AdministeredServer = Server & { readonly admin: AdminPort }

export class TestServer implements AsyncDisposable {
  readonly server: AdministeredServer
  readonly config: Config
  readonly app: { readonly id: string; readonly key: string; readonly secret: string }
  readonly #clock: TestClock
  readonly #clients: TestClient[] = []

  constructor(server: AdministeredServer, config: Config, clock: TestClock) {
    this.server = server
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
    return `http${this.config.tls === undefined ? '' : 's'}://127.0.0.1:${this.port}${this.config.pathPrefix}`
  }

  get wsUrl(): string {
    return `${this.url.replace(/^http/, 'ws')}/app/${this.app.key}?protocol=7&client=js&version=8.6.0&flash=false`
  }

  /** Opens a connection without waiting for anything. @param url another than the app's own */
  dial(
    url = this.wsUrl,
    options: { headers?: Record<string, string>; autoPong?: boolean } = {},
    app: { key: string; secret: string } = this.app,
  ): TestClient {
    const client = new TestClient(url, app, options)
    this.#clients.push(client)
    return client
  }

  /** Opens a connection and waits until it is established. */
  connect(
    options: { headers?: Record<string, string>; autoPong?: boolean } = {},
  ): Promise<TestClient> {
    return this.dial(this.wsUrl, options).established()
  }

  /** A signed request. @param path below `/apps/{id}` */
  async request(
    method: string,
    path: string,
    { body, query = {} }: { body?: unknown; query?: Record<string, string> } = {},
  ): Promise<HttpAnswer> {
    const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
    const response = await fetch(
      `${this.url}${signedPath(this.app, method, `/apps/${this.app.id}${path}`, text, query)}`,
      text === '' ? { method } : { method, body: text },
    )
    return { status: response.status, body: await response.json(), headers: response.headers }
  }

  /** Publishes over HTTP. */
  trigger(channel: string, event: string, data: unknown, more: object = {}): Promise<HttpAnswer> {
    return this.request('POST', '/events', {
      body: { name: event, channel, data: JSON.stringify(data), ...more },
    })
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
      await this.server.stop()
      this.server.admin.stop()
    }
    expect(this.#clock.running, 'timers left').toBe(0)
  }

  #held(): { connections: number; channels: number; users: number } {
    const held = { connections: 0, channels: 0, users: 0 }
    for (const { connections, channels, users } of this.server.hub.lives()) {
      held.connections += connections.size
      held.channels += channels.size
      held.users += users.count
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
    ...rest
  } = options
  const config = Config.parse({
    host: '127.0.0.1',
    port: 0,
    ...rest,
    admin: { port: 0, ...rest.admin },
    apps: apps ?? [{ ...APP, ...app }],
  })
  const server = await start({ config, log: logger, clock })
  const { metrics, webhooks } = server
  try {
    const api = createAdminApi({ metrics, webhooks, token: config.admin.token })
    const admin = serveAdminPort(api, config.admin, logger)
    return new TestServer({ ...server, admin }, config, clock)
  } catch (fault) {
    await server.stop()
    throw fault
  }
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
