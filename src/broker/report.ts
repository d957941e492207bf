/**
 * What the log is told of the Redis that the nodes share: once that it does not do what it is asked, with
 * why and what to do, and once that it does again.
 */
import type { Logger } from 'pino'
import { isReply } from '../redis/location.ts'
import { remedyOf } from '../redis/remedy.ts'
import { nameOfRedis, type RedisTarget, withoutPasswords } from '../redis/target.ts'

const ALLOW = 'Allow the Redis user the commands, keys and channels that docs/redis.md names.'
const MEMORY = 'Give Redis more memory (maxmemory), or let it evict keys of others.'

export class Report {
  readonly #target: RedisTarget
  readonly #log: Logger
  /** Why the connection is about to close. */
  #lastError: Error | undefined
  #isTold = false
  #isOver = false

  constructor(target: RedisTarget, log: Logger) {
    this.#target = target
    this.#log = log.child({ redis: nameOfRedis(target) })
  }

  /** The connection has an error; whether it closes is told by itself. */
  failing(error: Error): void {
    this.#lastError = error
  }

  closed(): Error {
    return this.#lastError ?? new Error('Redis closed the connection')
  }

  /** Redis has what this node has, and answers for it. */
  succeeded(nodes: number): void {
    this.#lastError = undefined
    const text = this.#isTold ? 'Redis is back: this node is one of the group again' : undefined
    this.#isTold = false
    this.#log.info({ nodes }, text ?? 'this node is one of the group')
  }

  /** @param error undefined where the lease has ended or the data are others */
  failed(error: unknown): void {
    if (this.#isOver || this.#isTold) return
    if (!(error instanceof Error)) throw error
    this.#isTold = true
    const reason = withoutPasswords(error.message, this.#target)
    const remedy = reason.startsWith('NOPERM')
      ? ALLOW
      : reason.startsWith('OOM')
        ? MEMORY
        : remedyOf(error, this.#target)
    this.#log.error(
      { code: 'RESOUND_REDIS_UNREACHABLE', reason, remedy },
      isReply(error)
        ? 'Redis refuses what the nodes share: this node goes on by itself; trying again'
        : 'Redis is unreachable: this node goes on by itself; trying again',
    )
  }

  /** Tells nothing from now on: we are closing the connection ourselves. */
  end(): void {
    this.#isOver = true
  }
}
