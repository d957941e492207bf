/**
 * Hears on a Redis where a canary was published, whatever stands before its channel; and publishes one as
 * Laravel does.
 */
import type { Redis } from 'ioredis'
import { createRedis, createSubscriber } from '../../redis/connect.ts'
import { reasonOf } from '../../redis/remedy.ts'
import type { RedisTarget } from '../../redis/target.ts'
import { CANARY_EVENT } from './canary.ts'

const TIMEOUT_MILLISECONDS = 2500

const BEHAVIOUR = {
  connectionName: 'resound-diagnose',
  connectTimeout: TIMEOUT_MILLISECONDS,
  commandTimeout: TIMEOUT_MILLISECONDS,
  disconnectTimeout: 100,
  retryStrategy: null,
  maxRetriesPerRequest: 0,
  autoResubscribe: false,
  enableReadyCheck: false,
  disableClientInfo: true,
} as const

export interface RedisFault {
  readonly reason: string
  readonly remedy: string
}

export class RedisEar implements Disposable {
  /** Why it hears nothing. */
  fault: RedisFault | undefined
  /** The channel on which the canary came, as it is called in Redis. */
  heard: string | undefined
  readonly #redis: Redis

  private constructor(redis: Redis) {
    this.#redis = redis
  }

  /** Listens for whatever ends with `channel`: nothing else of a busy Redis is sent here. */
  static async open(target: RedisTarget, channel: string): Promise<RedisEar> {
    const { redis } = createSubscriber(target, BEHAVIOUR)
    const ear = new RedisEar(redis)
    let cause: Error | undefined
    redis.on('error', (error) => {
      cause ??= error // the promise of a connection only says that it was closed
    })
    redis.on('pmessage', (_pattern: string, name: string) => {
      ear.heard = name
    })
    try {
      await redis.connect()
      await redis.psubscribe(`*${channel}`)
    } catch (error) {
      ear.fault = reasonOf(cause ?? asError(error), target, '<prefix>*')
    }
    return ear
  }

  [Symbol.dispose](): void {
    this.#redis.disconnect()
  }
}

/**
 * Publishes a canary as Laravel's redis driver does.
 * @param name of the channel, with the prefix @param characters of the canary
 * @returns why that is not possible, if so
 */
export async function publishTo(
  target: RedisTarget,
  name: string,
  characters: number,
): Promise<RedisFault | undefined> {
  const data = { canary: '-'.repeat(characters), socket: null }
  const client = createRedis(target, BEHAVIOUR)
  let cause: Error | undefined
  client.on('error', (error) => {
    cause ??= error
  })
  try {
    await client.connect()
    await client.publish(name, JSON.stringify({ event: CANARY_EVENT, data, socket: null }))
    return undefined
  } catch (error) {
    return reasonOf(cause ?? asError(error), target, name)
  } finally {
    client.disconnect()
  }
}

const asError = (fault: unknown): Error =>
  fault instanceof Error ? fault : new Error(String(fault))
