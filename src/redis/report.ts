/**
 * What the log is told of a Redis that is written to: once that it does not do what it is asked, with why
 * and what to do, and once that it does again.
 */
import type { Logger } from 'pino'
import { isReply } from './location.ts'
import { remedyOf } from './remedy.ts'
import { nameOfRedis, type RedisTarget, withoutPasswords } from './target.ts'

/** What the log is told; constant texts. */
export interface ReportTexts {
  readonly unreachable: string
  readonly refused: string
  readonly back: string
  /** What to do where the user may not. */
  readonly allow: string
}

const MEMORY = 'Give Redis more memory (maxmemory), or let it evict keys of others.'

export class RedisReport {
  readonly #target: RedisTarget
  readonly #log: Logger
  readonly #texts: ReportTexts
  /** Why the connection is about to close. */
  #lastError: Error | undefined
  /** What has been told since Redis last did what it was asked. */
  readonly #told = new Set<'unreachable' | 'refused'>()
  #isOver = false

  constructor(target: RedisTarget, log: Logger, texts: ReportTexts) {
    this.#target = target
    this.#log = log.child({ redis: nameOfRedis(target) })
    this.#texts = texts
  }

  /** The connection has an error; whether it closes is told by itself. */
  failing(error: Error): void {
    this.#lastError = error
  }

  /** @returns why, as it has been told */
  closed(): Error {
    const error = this.#lastError ?? new Error('Redis closed the connection')
    this.failed(error)
    return error
  }

  /** Redis did what it was asked. @returns whether it had not before */
  succeeded(): boolean {
    this.#lastError = undefined
    if (this.#told.size === 0) return false
    this.#told.clear()
    this.#log.info(this.#texts.back)
    return true
  }

  /** A command failed, or there was no connection for it. */
  failed(error: unknown): void {
    if (!(error instanceof Error)) throw error
    const kind = isReply(error) ? 'refused' : 'unreachable'
    if (this.#isOver || this.#told.has(kind)) return
    this.#told.add(kind)
    const reason = withoutPasswords(error.message, this.#target)
    const remedy = this.#remedyOf(error, reason)
    this.#log.error({ code: 'RESOUND_REDIS_UNREACHABLE', reason, remedy }, this.#texts[kind])
  }

  /** Tells nothing from now on: we are closing the connection ourselves. */
  end(): void {
    this.#isOver = true
  }

  #remedyOf(error: Error, reason: string): string {
    if (reason.startsWith('NOPERM')) return this.#texts.allow
    return reason.startsWith('OOM') ? MEMORY : remedyOf(error, this.#target)
  }
}
