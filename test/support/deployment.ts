/** A Laravel application and a Resound server side by side, set up with the README's lines. */
import { randomBytes } from 'node:crypto'
import { openPage, type Page } from './echo.ts'
import { freePort } from './free-port.ts'
import { type Laravel, type Person, serveLaravel } from './laravel.ts'
import { startNginx } from './nginx.ts'
import { startRedis } from './redis.ts'
import { startServer, type TestServer, type TestServerOptions } from './server.ts'
import { type Driver, type EchoSetup, laravelEnv, nginxSite } from './snippets.ts'
import { TestLog } from './test-log.ts'

/** The credentials in the README. */
export const APP = { id: 'my-app', key: 'my-key', secret: 'my-secret' } as const
/** What the application makes of its name. */
export const REDIS_PREFIX = 'chat-room-database-'

export interface DeploymentOptions {
  /** Further lines for the application's `.env`. */
  readonly env?: string
  /**
   * Whom pages ask whether they may subscribe: our bridge, which the redis driver needs, or the
   * application itself, which on that driver lets its reverb connection sign.
   */
  readonly asks?: 'bridge' | 'laravel'
  /** Puts the README's nginx in front of both, for browsers, which have sessions. */
  readonly proxied?: boolean
  /** The set-up of Echo, where it is not the driver's first one. */
  readonly setup?: EchoSetup
  /** Tells the application what happens, at once. */
  readonly webhooks?: boolean
  /** Further options of the server's app. */
  readonly app?: NonNullable<TestServerOptions['app']>
}

export interface Deployment extends AsyncDisposable {
  readonly laravel: Laravel
  readonly server: TestServer
  /** The server's. */
  readonly log: TestLog
  /** The application's `.env`, as far as it comes from the README. */
  readonly env: string
  /** The README's set-up of Echo for its pages. */
  readonly setup: EchoSetup
  /** Where browsers find the application. */
  readonly origin: string
  /** Writes further lines into the application's `.env`, in place of earlier ones of this kind. */
  configure(lines: string): Promise<void>
  /** Opens a page in Node, in which this person is logged in. */
  open(person?: Person): Promise<Page>
}

/** Starts what an application on this driver needs; what it publishes is heard when this resolves. */
export async function deploy(driver: Driver, options: DeploymentOptions = {}): Promise<Deployment> {
  const parts: AsyncDisposable[] = []
  const dispose = async (): Promise<void> => {
    for (const part of parts.reverse()) await part[Symbol.asyncDispose]()
  }
  try {
    return { ...(await start(driver, options, parts)), [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

async function start(
  driver: Driver,
  { env: further = '', proxied = false, webhooks = false, app, ...options }: DeploymentOptions,
  parts: AsyncDisposable[],
): Promise<Omit<Deployment, typeof Symbol.asyncDispose>> {
  const onRedis = driver === 'redis'
  const { asks = onRedis ? 'bridge' : 'laravel' } = options
  const laravel = await serveLaravel()
  parts.push(laravel)
  const redis = onRedis ? await startRedis() : undefined
  if (redis !== undefined) parts.push(redis)
  const proxyPort = proxied ? await freePort() : undefined
  const origin = proxyPort === undefined ? laravel.url : `http://127.0.0.1:${proxyPort}`

  const log = new TestLog()
  const server = await startServer({
    webhooks: { graceSeconds: 0 },
    app: {
      ...APP,
      clientEvents: true,
      webhooks: webhooks ? [{ url: `${laravel.url}/api/webhooks`, allowPrivateAddress: true }] : [],
      ...app,
      laravel: {
        ...(redis === undefined ? {} : { redisUrl: redis.url, redisPrefix: REDIS_PREFIX }),
        ...(asks === 'bridge' ? { authUrl: origin } : {}),
        ...(proxied ? {} : TOKEN_PATHS),
        ...app?.laravel,
      },
    },
    logger: log.logger,
  })
  parts.push(server)
  if (onRedis) await log.line(/listening to Redis/)

  const env = await laravelEnv(driver, {
    [driver === 'pusher' ? 'PUSHER_PORT' : 'REVERB_PORT']: proxyPort ?? server.port,
    ...(redis === undefined
      ? {}
      : { APP_URL: origin, REDIS_PORT: redis.port, REVERB_SERVER_PORT: server.port }),
  })
  const own = [
    env,
    `BROADCAST_ENCRYPTION_KEY=${randomBytes(32).toString('base64')}`,
    ...(onRedis && asks === 'laravel' ? ['BROADCAST_AUTH_CONNECTION=reverb'] : []),
    further,
  ]
  const configure = (lines: string) => laravel.configure([...own, lines].join('\n'))
  await configure('')
  await laravel.artisan('migrate', '--force')
  if (proxyPort !== undefined) {
    const ports = {
      page: proxyPort,
      resound: server.port,
      laravel: Number(new URL(laravel.url).port),
    }
    parts.push(await startNginx(await nginxSite(ports)))
  }

  const { setup = onRedis && asks === 'laravel' ? 'reverb' : driver } = options
  const endpoint = asks === 'bridge' ? `${server.url}/apps/${APP.id}` : laravel.url + TOKEN_PREFIX
  return {
    laravel,
    server,
    log,
    env,
    setup,
    origin,
    configure,
    open: (person) => openPage({ setup, env, endpoint }, laravel, person),
  }
}

/** Where the application knows who asks by a session's cookie, as options of `app.laravel`. */
export const SESSION_PATHS = {
  authPath: '/broadcasting/auth',
  userAuthPath: '/broadcasting/user-auth',
} as const

/** Where the application knows who asks by a token. Pages in Node have no session. */
const TOKEN_PREFIX = '/api/broadcasting'
const TOKEN_PATHS = {
  authPath: `${TOKEN_PREFIX}/auth`,
  userAuthPath: `${TOKEN_PREFIX}/user-auth`,
} as const
