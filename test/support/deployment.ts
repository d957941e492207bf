/** A Laravel application and a Resound server side by side, set up with the README's lines. */
import { randomBytes } from 'node:crypto'
import { openPage, type Page } from './echo.ts'
import { type Laravel, type Person, startLaravel } from './laravel.ts'
import { startRedis } from './redis.ts'
import { startServer, type TestServer } from './server.ts'
import { type Driver, laravelEnv } from './snippets.ts'
import { TestLog } from './test-log.ts'

/** The credentials and the Redis prefix in the README. */
export const APP = { id: 'my-app', key: 'my-key', secret: 'my-secret' } as const
export const REDIS_PREFIX = 'my-app-'

export interface Deployment extends AsyncDisposable {
  readonly laravel: Laravel
  readonly server: TestServer
  /** The server's. */
  readonly log: TestLog
  /** The application's `.env`, as far as it comes from the README. */
  readonly env: string
  /** Opens a page of the application, in which this person is logged in. */
  open(person?: Person): Promise<Page>
}

/**
 * Starts both, and Redis if they meet there; what Laravel publishes is heard when this resolves.
 *
 * @param more lines for the application's `.env` beside the README's.
 */
export async function deploy(driver: Driver, more = ''): Promise<Deployment> {
  const parts: AsyncDisposable[] = []
  const dispose = async (): Promise<void> => {
    for (const part of parts.reverse()) await part[Symbol.asyncDispose]()
  }
  try {
    const { server, env, log } = await startResound(driver, parts)
    const encryptionKey = `BROADCAST_ENCRYPTION_KEY=${randomBytes(32).toString('base64')}`
    const laravel = await startLaravel([env, encryptionKey, more].join('\n'))
    parts.push(laravel)
    const broadcaster = driver === 'pusher' ? 'pusher' : 'reverb'
    return {
      laravel,
      server,
      log,
      env,
      open: (person) => openPage(broadcaster, env, laravel, person),
      [Symbol.asyncDispose]: dispose,
    }
  } catch (error) {
    await dispose()
    throw error
  }
}

/** A server for a driver, and the `.env` with which an application finds it. */
async function startResound(
  driver: Driver,
  parts: AsyncDisposable[],
): Promise<{ server: TestServer; env: string; log: TestLog }> {
  const log = new TestLog()
  if (driver !== 'redis') {
    const server = await startServer({ app: { ...APP, clientEvents: true }, logger: log.logger })
    parts.push(server)
    const port = driver === 'pusher' ? 'PUSHER_PORT' : 'REVERB_PORT'
    return { server, env: await laravelEnv(driver, { [port]: server.port }), log }
  }
  const redis = await startRedis()
  parts.push(redis)
  const server = await startServer({
    app: {
      ...APP,
      clientEvents: true,
      laravel: { redisUrl: redis.url, redisPrefix: REDIS_PREFIX },
    },
    logger: log.logger,
  })
  parts.push(server)
  await log.line(/listening to Redis/)
  const ports = { REVERB_PORT: server.port, REDIS_PORT: redis.port }
  return { server, env: await laravelEnv('redis', ports), log }
}
