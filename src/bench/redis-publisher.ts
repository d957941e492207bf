/** Publishes as Laravel's `redis` broadcast driver does: PUBLISH, with the app's prefix before the channel. */
import { createRedis, type RedisClient } from '../redis/connect.ts'
import { type RedisTarget, withoutPasswords } from '../redis/target.ts'
import { EVENT, type Publication, type Published, type Publisher } from './publisher.ts'

const ANSWER_MILLISECONDS = 10_000
/** Commands that may be unanswered; Redis answers in their order. */
const UNDER_WAY_MOST = 1000

export class RedisPublisher implements Publisher {
  readonly #target: RedisTarget
  readonly #prefix: string
  readonly #client: RedisClient
  #underWay = 0

  private constructor(target: RedisTarget, prefix: string, client: RedisClient) {
    this.#target = target
    this.#prefix = prefix
    this.#client = client
  }

  /** @throws Error when Redis does not answer or refuses */
  static async connect(target: RedisTarget, prefix: string): Promise<RedisPublisher> {
    const client = createRedis(target, {
      connectTimeout: ANSWER_MILLISECONDS,
      commandTimeout: ANSWER_MILLISECONDS,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
      enableOfflineQueue: false,
    })
    await client.connect()
    return new RedisPublisher(target, prefix, client)
  }

  get isFree(): boolean {
    return this.#underWay < UNDER_WAY_MOST
  }

  publish(publications: readonly Publication[], published: Published): void {
    let waited = 0
    let failed: { kind: string; sample: string } | undefined
    const answered = (error?: Error | null): void => {
      this.#underWay -= 1
      waited -= 1
      if (error instanceof Error) failed ??= failure(error, this.#target)
      if (waited === 0) published(failed)
    }
    for (const { channels, data } of publications) {
      const message = `{"event":"${EVENT}","data":${data},"socket":null}`
      for (const channel of channels) {
        this.#underWay += 1
        waited += 1
        this.#client.publish(this.#prefix + channel, message, answered)
      }
    }
  }

  async close(): Promise<void> {
    this.#client.disconnect()
  }
}

function failure(error: Error, target: RedisTarget): { kind: string; sample: string } {
  const sample = withoutPasswords(error.message, target)
  return { kind: `Redis ${/^[A-Z]+\b/.exec(sample)?.[0] ?? error.name}`, sample }
}
