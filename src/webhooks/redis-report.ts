/**
 * What the log is told of the Redis where webhooks wait: once that it does not do what it is asked, with
 * why and what to do, and once that it does again.
 */
import type { Logger } from 'pino'
import { isReply } from '../redis/location.ts'
import { remedyOf } from '../redis/remedy.ts'
import { nameOfRedis, type RedisTarget, withoutPasswords } from '../redis/target.ts'

const ALLOW = 'Allow the Redis user the commands and keys that docs/webhooks.md names.'

export class RedisReport {
  readonly #target: RedisTarget
  readonly #log: Logger
  /** Why the connection is about to close. */
  #lastError: Error | undefined
  /** What has been told since Redis last did what it was asked. */
  readonly #told = new Set<'unreachable' | 'refused'>()
  #isOver = false

  constructor(target: RedisTarget, log: Logger) {
    this.#target = target
    this.#log = log.child({ redis: nameOfRedis(target) })
  }

  /** The connection has an error; whether it closes is told by itself. */
  failing(error: Error): void {
    this.#lastError = error
  }

  closed(): void {
    this.failed(this.#lastError ?? new Error('Redis closed the connection'))
  }

  /** Redis did what it was asked. */
  succeeded(): void {
    this.#lastError = undefined
    if (this.#told.size === 0) return
    this.#told.clear()
    this.#log.info('Redis is back: webhook events are kept in it')
  }

  /** A command failed, or there was no connection for it. */
  failed(error: unknown): void {
    if (!(error instanceof Error)) throw error
    const kind = isReply(error) ? 'refused' : 'unreachable'
    if (this.#isOver || this.#told.has(kind)) return
    this.#told.add(kind)
    const reason = withoutPasswords(error.message, this.#target)
    const remedy = reason.startsWith('NOPERM') ? ALLOW : remedyOf(error, this.#target)
    this.#log.error(
      { code: 'RESOUND_REDIS_UNREACHABLE', reason, remedy },
      kind === 'refused'
        ? 'Redis refuses what webhooks need: their events wait in memory; trying again'
        : 'Redis is unreachable: webhook events wait in memory; trying again',
    )
  }

  /** Tells nothing from now on: we are closing the connection ourselves. */
  end(): void {
    this.#isOver = true
  }
}
