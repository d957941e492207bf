/**
 * One command to one server, on a connection of its own.
 */
import type { RedisOptions } from 'ioredis'
import { requireRedis } from './ioredis.ts'
import type { RedisAddress } from './target.ts'

/** For the connection, and again for each answer. */
const TIMEOUT_MS = 1500
const DISCONNECT_TIMEOUT_MS = 100

/**
 * Resolves with the answer when the connection is closed again.
 * @param user credentials and TLS
 * @throws Error what the server said instead of an answer, or why there is none
 */
export async function ask(
  address: RedisAddress,
  user: Pick<RedisOptions, 'username' | 'password' | 'tls'>,
  [command, ...args]: readonly [string, ...string[]],
  signal: AbortSignal,
): Promise<unknown> {
  signal.throwIfAborted()
  const redis = new (requireRedis().Redis)({
    ...user,
    ...address,
    lazyConnect: true,
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    retryStrategy: null,
    enableReadyCheck: false,
    disableClientInfo: true,
  })
  let failure: Error | undefined
  redis.on('error', (error) => {
    failure ??= error // the promise of a connection only says that it was closed
  })
  const ended = new Promise<void>((resolve) => redis.once('end', () => resolve()))
  const disconnect = (): void => {
    if (redis.status !== 'end') redis.disconnect()
  }
  signal.addEventListener('abort', disconnect, { once: true })
  try {
    await redis.connect()
    return await redis.call(command, ...args)
  } catch (error) {
    throw failure ?? error
  } finally {
    signal.removeEventListener('abort', disconnect)
    disconnect()
    await ended
  }
}
