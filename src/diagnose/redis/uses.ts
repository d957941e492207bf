/**
 * The Redis servers of a configuration, each once, and what each is used for.
 */
import type { Config } from '../../config/schema.ts'
import { patternOf } from '../../laravel/redis-listener.ts'
import { createRedis, type RedisClient } from '../../redis/connect.ts'
import {
  isConfigured,
  keyOfRedis,
  nameOfRedis,
  type RedisTarget,
  redisOf,
} from '../../redis/target.ts'

export interface RedisUse {
  readonly target: RedisTarget
  /** Its addresses, without a user. */
  readonly name: string
  /** Which option names it. */
  readonly option: string
  /** Of what nodes share and webhooks wait in; undefined where it is only listened to. */
  readonly keyPrefix: string | undefined
  /** What is listened to there. */
  readonly patterns: readonly string[]
}

export function redisUses({ redis, apps }: Config): readonly RedisUse[] {
  const { keyPrefix, ...own } = redis
  const uses = new Map<string, RedisUse>()
  if (isConfigured(own)) {
    uses.set(keyOfRedis(own), {
      target: own,
      name: nameOfRedis(own),
      option: own.cluster.length > 0 ? 'redis.cluster' : 'redis.url',
      keyPrefix,
      patterns: [],
    })
  }
  for (const [index, { laravel }] of apps.entries()) {
    const target = redisOf(laravel, own)
    if (laravel.redisPrefix === undefined || !isConfigured(target)) continue
    const known = uses.get(keyOfRedis(target)) ?? {
      target,
      name: nameOfRedis(target),
      option: `apps[${index}].laravel.${target.cluster.length > 0 ? 'redisCluster' : 'redisUrl'}`,
      keyPrefix: undefined,
      patterns: [],
    }
    const patterns = [...known.patterns, patternOf(laravel.redisPrefix)]
    uses.set(keyOfRedis(target), { ...known, patterns })
  }
  return [...uses.values()]
}

const TIMEOUT_MS = 3000
const DISCONNECT_TIMEOUT_MS = 100

/**
 * Asks a Redis something on a connection of its own, as the server's user.
 * @throws Error why it cannot be asked
 */
export async function askRedis<T>(
  { target }: RedisUse,
  question: (client: RedisClient) => Promise<T>,
): Promise<T> {
  const client = createRedis(target, {
    connectionName: 'resound-diagnose',
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
    disableClientInfo: true,
  })
  let failure: Error | undefined
  client.on('error', (error: Error) => {
    failure ??= error // the promise of a connection only says that it was closed
  })
  try {
    await client.connect()
    await client.ping()
    return await question(client)
  } catch (error) {
    throw innermost(failure ?? error)
  } finally {
    client.disconnect()
  }
}

/** Of a Cluster: what its last node said. */
function innermost(error: unknown): Error {
  const last = (error as { lastNodeError?: unknown }).lastNodeError
  if (last instanceof Error) return innermost(last)
  return error instanceof Error ? error : new Error(String(error))
}
