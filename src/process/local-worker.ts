/**
 * The worker that is this process: a server, and what a group asks of it.
 */
import type { Logger } from 'pino'
import { belongsToStart } from '../config/reload.ts'
import { Config } from '../config/schema.ts'
import type { Flags } from '../config/sources.ts'
import { ResoundError } from '../errors.ts'
import type { Readiness } from '../http-api/health.ts'
import type { Server } from '../server.ts'
import { readAgain, sourcesOf, type Tell } from './reading.ts'
import type { Ending, Reloading, Worker } from './worker.ts'

export interface LocalParts {
  readonly server: Server
  readonly flags: Flags
  readonly log: Logger
  readonly tell: Tell
  readonly answer: Worker['answer']
}

export class LocalWorker implements Worker {
  readonly pid = process.pid
  readonly isSilent = false // whoever asks is the same process
  readonly ended: Promise<Ending>
  counted: Worker['counted'] = []
  #isEnding = false
  readonly #parts: LocalParts
  readonly #ended: (ending: Ending) => void

  constructor(parts: LocalParts) {
    this.#parts = parts
    const { promise, resolve } = withResolvers<Ending>()
    this.ended = promise
    this.#ended = resolve
  }

  /** Whether it has been told to end. */
  get isEnding(): boolean {
    return this.#isEnding
  }

  get readiness(): Readiness {
    return this.#parts.server.readiness()
  }

  get webhooks(): Worker['webhooks'] {
    return this.#parts.server.webhooks
  }

  get live(): Worker['live'] {
    return this.#parts.server.live
  }

  readonly watch: Worker['watch'] = (filter, tell) => this.#parts.server.watch(filter, tell)

  metrics(): ReturnType<Worker['metrics']> {
    return this.#parts.server.metrics.families()
  }

  /** As text, which is what a process that is alone shows. */
  metricsText(): Promise<string> {
    return this.#parts.server.metrics.text()
  }

  status(): ReturnType<Worker['status']> {
    return Promise.resolve(this.#parts.server.status())
  }

  canary(milliseconds: number): ReturnType<Worker['canary']> {
    return this.#parts.server.canary(milliseconds)
  }

  async nodes(): ReturnType<Worker['nodes']> {
    const { group } = this.#parts.server
    if (group === undefined) return null
    const { node, isLive } = group.state
    return { node, isLive, shards: await group.overview() }
  }

  // Reading is synchronous; that of another process is not.
  async reload(given?: unknown): Promise<Reloading> {
    const { server, flags, log, tell } = this.#parts
    if (given !== undefined) {
      return takeOver(Config.parse(given), server, log)
    }
    const reading = readAgain(flags)
    if ('problems' in reading) {
      const { problems } = reading
      log.error({ code: 'RESOUND_CONFIG_INVALID', problems }, 'not reloaded; nothing has changed')
      return { valid: false, problems }
    }
    const reloading = takeOver(reading.config, server, log)
    if (!reloading.valid) return reloading
    tell(reading.notices)
    log.info(sourcesOf(reading, flags), 'reloaded')
    const options = [...reloading.restart, ...reloading.start]
    if (options.length > 0) {
      log.warn({ options }, 'a restart is needed for these options to take effect')
    }
    return reloading
  }

  answer(readiness: Readiness | undefined): void {
    this.#parts.answer(readiness)
  }

  drain(): void {
    this.#finishing(this.#parts.server.drain())
  }

  stop(): void {
    this.#finishing(this.#parts.server.stop())
  }

  #finishing(ended: Promise<void>): void {
    this.#isEnding = true
    const { log } = this.#parts
    ended
      .then(async () => {
        this.counted = await this.metrics()
        this.#ended({ code: 0, signal: null })
      })
      .catch((fault: unknown) => {
        log.error({ err: fault }, 'did not stop as it should')
        this.#ended({ code: 1, signal: null })
      })
  }
}

/** A certificate that cannot be used is found when it is: then nothing has changed. */
function takeOver(config: Config, server: Server, log: Logger): Reloading {
  try {
    return { valid: true, config, ...split(server.reload(config)) }
  } catch (fault) {
    if (!(fault instanceof ResoundError)) throw fault
    const { code, remedy } = fault
    const problems = [fault.message]
    log.error({ code, problems, remedy }, 'not reloaded; nothing has changed')
    return { valid: false, problems }
  }
}

function split(options: readonly string[]): Pick<Reloading & { valid: true }, 'restart' | 'start'> {
  return {
    restart: options.filter((option) => !belongsToStart(option)),
    start: options.filter(belongsToStart),
  }
}

/** A promise, and what settles it. (`Promise.withResolvers` is not in Node.js 20.) */
export function withResolvers<T>(): {
  promise: Promise<T>
  resolve: (value: T) => void
  reject: (reason: unknown) => void
} {
  let resolve: (value: T) => void = () => undefined
  let reject: (reason: unknown) => void = () => undefined
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}
