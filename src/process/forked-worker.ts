/**
 * A worker that is a child of this process: forks it, brings it to listen, asks it, ends it.
 *
 * It takes no part in serving. Whatever is asked is bounded in time: a child that does not answer must
 * not keep an operator waiting, and one that does not end is killed.
 */
import { type ChildProcess, fork } from 'node:child_process'
import type { FailedWebhook } from '../admin/webhook-failures.ts'
import { type Clock, realClock } from '../clock.ts'
import type { Flags } from '../config/sources.ts'
import { type ErrorCode, ResoundError } from '../errors.ts'
import type { CanaryResult } from '../health/canary.ts'
import type { Readiness } from '../http-api/health.ts'
import type { Family } from '../metrics/metric.ts'
import type { ProcessStatus } from '../status.ts'
import type { Watch } from '../tail/watch.ts'
import { withResolvers } from './local-worker.ts'
import {
  isCanaryResult,
  isFamilies,
  isNodes,
  isStatus,
  LiveAnswer,
  type Order,
  type Question,
  Reloaded,
  Report,
} from './message.ts'
import type { Ending, Reloading, Worker } from './worker.ts'

/** The hidden command that a child is started with. */
export const WORKER_COMMAND = 'worker'

const ANSWER_MILLISECONDS = 2000
/** A worker waits a second for other nodes as well. */
const LIVE_ANSWER_MILLISECONDS = 2500
const LONG_ANSWER_MILLISECONDS = 10_000
/** For a worker to say that its canary is late. */
const CANARY_REST_MILLISECONDS = 250
/** For a worker that was told to end at once. */
const STOP_MILLISECONDS = 10_000
/** For one that lets its connections go, beyond the drain's own window. */
const DRAIN_REST_SECONDS = 60

export interface ForkOptions {
  readonly flags: Flags
  readonly format: 'pretty' | 'json'
  readonly coloured: boolean
  /** As another worker has read it; the child reads for itself when left out. */
  readonly config?: unknown
  /** When it joins the port. */
  readonly when: 'now' | 'ready'
  /** @throws ResoundError when a configuration names an address that cannot be had */
  readonly portFor: (config: unknown) => number
  /** How long a drain may take by its configuration. */
  readonly drainSeconds: () => number
  /** Told when its readiness has changed. */
  readonly changed: () => void
}

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (fault: Error) => void
  readonly cancel: () => void
}

const STARTING: Readiness = { ready: false, reason: 'starting' }
const SILENT: Readiness = { ready: false, reason: 'the worker does not answer' }

export class ForkedWorker implements Worker {
  readonly pid: number
  /** The configuration it serves; both reject with the reason why it cannot. */
  readonly configured: Promise<unknown>
  readonly listening: Promise<void>
  readonly ended: Promise<Ending>
  readonly webhooks: Worker['webhooks']
  readonly live: Worker['live'] = {
    ask: async (question) =>
      LiveAnswer.parse(await this.#ask({ of: 'live', question }, LIVE_ANSWER_MILLISECONDS)),
  }
  /** What it counted up to its last answer. */
  counted: readonly Family[] = []
  readonly #child: ChildProcess
  readonly #options: ForkOptions
  readonly #clock: Clock = realClock
  readonly #waiting = new Map<number, Waiting>()
  /** Whom to tell what is seen there, by the number of their watch. */
  readonly #watching = new Map<number, Parameters<Watch>[1]>()
  readonly #configured = withResolvers<unknown>()
  readonly #listening = withResolvers<void>()
  #said: Readiness = STARTING
  #isSilent = false
  #asked = 0
  #answer: string | undefined
  #killing: (() => void) | undefined

  constructor(options: ForkOptions) {
    this.#options = options
    const [, program] = process.argv
    if (program === undefined) throw new Error('this program has no file to be started from again')
    const child = fork(program, [WORKER_COMMAND], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    this.#child = child
    this.pid = child.pid ?? 0
    this.configured = this.#configured.promise
    this.listening = this.#listening.promise
    this.configured.catch(() => undefined) // who waits for `listening` hears the same
    this.listening.catch(() => undefined)
    const { promise: ended, resolve } = withResolvers<Ending>()
    this.ended = ended
    child.on('message', (message) => this.#receive(message))
    child.once('exit', (code, signal) => resolve({ code, signal }))
    child.on('error', (cause) => {
      this.#fail(new ResoundError('RESOUND_WORKER_ENDED', 'No worker could be started.', { cause }))
      if (child.pid === undefined) resolve({ code: null, signal: null })
    })
    void ended.then((ending) => this.#end(ending))
    this.webhooks = {
      failures: async (most, app) =>
        // Of another release perhaps, but this one's router shows only what it knows.
        (await this.#ask(
          { of: 'failures', most, app },
          LONG_ANSWER_MILLISECONDS,
        )) as readonly FailedWebhook[],
      replay: async (app, ids) =>
        Number(
          await this.#ask(
            { of: 'replay', app, ids: ids === undefined ? undefined : [...ids] },
            LONG_ANSWER_MILLISECONDS,
          ),
        ),
    }
    const { format, coloured, config } = options
    const flags = Object.fromEntries(
      Object.entries(options.flags).filter(([, value]) => value !== undefined),
    )
    this.#send({ type: 'begin', flags, format, coloured, config })
  }

  /** Whether it let pass a question that it answers from its memory, and has said nothing since. */
  get isSilent(): boolean {
    return this.#isSilent
  }

  get readiness(): Readiness {
    return this.#isSilent && this.#said.ready ? SILENT : this.#said
  }

  readonly watch: Watch = (filter, tell) => {
    const id = this.#asked
    this.#asked += 1
    this.#watching.set(id, tell)
    this.#send({ type: 'watch', id, filter })
    return () => {
      this.#watching.delete(id)
      this.#send({ type: 'unwatch', id })
    }
  }

  async metrics(): Promise<readonly Family[]> {
    const families = await this.#ask({ of: 'metrics' })
    if (!isFamilies(families)) throw unanswered(this.pid)
    this.counted = families
    return families
  }

  async status(): Promise<ProcessStatus> {
    const status = await this.#ask({ of: 'status' })
    if (!isStatus(status)) throw unanswered(this.pid)
    return status
  }

  async canary(milliseconds: number): Promise<CanaryResult> {
    const wait = milliseconds + CANARY_REST_MILLISECONDS
    const result = await this.#ask({ of: 'canary', milliseconds }, wait)
    if (!isCanaryResult(result)) throw unanswered(this.pid)
    return result
  }

  async nodes(): ReturnType<Worker['nodes']> {
    const nodes = await this.#ask({ of: 'nodes' })
    if (!isNodes(nodes)) throw unanswered(this.pid)
    return nodes
  }

  async reload(given?: unknown): Promise<Reloading> {
    return Reloaded.parse(
      await this.#ask({ of: 'reload', config: given }, LONG_ANSWER_MILLISECONDS),
    )
  }

  answer(readiness: Readiness | undefined): void {
    const text = JSON.stringify(readiness)
    if (text === this.#answer) return
    this.#answer = text
    this.#send({ type: 'answer', readiness: readiness ?? null })
  }

  drain(): void {
    this.#send({ type: 'drain' })
    this.#killAfter((this.#options.drainSeconds() + DRAIN_REST_SECONDS) * 1000)
  }

  stop(): void {
    this.#send({ type: 'stop' })
    this.#killAfter(STOP_MILLISECONDS)
  }

  #killAfter(milliseconds: number): void {
    this.#killing?.()
    this.#killing = this.#clock.after(milliseconds, () => this.#child.kill('SIGKILL'))
  }

  #send(order: Order): void {
    // What cannot be sent is to a child that has ended, and that is told by `ended`.
    if (this.#child.connected) this.#child.send(order, () => undefined)
  }

  #ask(question: Question, milliseconds = ANSWER_MILLISECONDS): Promise<unknown> {
    if (!this.#child.connected) return Promise.reject(unanswered(this.pid))
    const id = this.#asked
    this.#asked += 1
    const { promise, resolve, reject } = withResolvers<unknown>()
    const cancel = this.#clock.after(milliseconds, () => {
      this.#waiting.delete(id)
      // Of the others it waits for the network, or for somebody else.
      if (question.of === 'status' || question.of === 'metrics') this.#silent(true)
      reject(unanswered(this.pid))
    })
    this.#waiting.set(id, { resolve, reject, cancel })
    this.#send({ type: 'ask', id, question })
    return promise
  }

  #silent(isSilent: boolean): void {
    if (isSilent === this.#isSilent) return
    this.#isSilent = isSilent
    this.#options.changed()
  }

  #receive(message: unknown): void {
    this.#silent(false)
    const { data: report } = Report.safeParse(message)
    if (report === undefined) return // of a release that says more
    switch (report.type) {
      case 'configured':
        this.#configured.resolve(report.config)
        this.#listen(report.config)
        break
      case 'listening':
        this.#listening.resolve()
        break
      case 'readiness':
        this.#said = report.readiness
        this.#options.changed()
        break
      case 'failed': {
        const { code, message: text, remedy } = report
        // A code of a later release has its remedy with it, which is all that is looked up by it.
        this.#fail(new ResoundError(code as ErrorCode, text, { remedy }))
        break
      }
      case 'reply':
        this.#settle(report.id, ({ resolve }) => resolve(report.value))
        break
      case 'refusal':
        this.#settle(report.id, ({ reject }) => reject(faultOf(report.code, report.message)))
        break
      case 'seen':
        this.#watching.get(report.id)?.(report.sights)
        break
      case 'last':
        this.counted = report.metrics
        break
    }
  }

  #listen(config: unknown): void {
    try {
      const port = this.#options.portFor(config)
      this.#send({ type: 'listen', port, when: this.#options.when })
    } catch (fault) {
      this.#fail(fault)
      this.stop()
    }
  }

  #settle(id: number, settle: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    waiting?.cancel()
    if (waiting !== undefined) settle(waiting)
  }

  #fail(fault: unknown): void {
    this.#configured.reject(fault)
    this.#listening.reject(fault)
  }

  #end(ending: Ending): void {
    this.#killing?.()
    this.#said = { ready: false, reason: 'ended' }
    const how = ending.signal ?? `exit code ${ending.code}`
    this.#fail(new ResoundError('RESOUND_WORKER_ENDED', `A worker ended while starting (${how}).`))
    for (const id of [...this.#waiting.keys()]) {
      this.#settle(id, ({ reject }) => reject(unanswered(this.pid)))
    }
  }
}

const unanswered = (pid: number): ResoundError =>
  new ResoundError('RESOUND_WORKER_ENDED', `The worker ${pid} does not answer.`)

const faultOf = (code: string | undefined, message: string): Error =>
  code === undefined ? new Error(message) : new ResoundError(code as ErrorCode, message)
