/**
 * The process group: the process that was started, which stays, and the generations that serve.
 *
 * It owns the state of the whole: which generation is the current one, which are letting their
 * connections go, and what the last restart came to. With one worker the first generation serves in
 * this process; every other generation, and every one of several workers, is of child processes.
 */
import type { Logger } from 'pino'
import type { FailedWebhooks } from '../admin/webhook-failures.ts'
import type { Config } from '../config/schema.ts'
import type { Flags } from '../config/sources.ts'
import { faultOf, ResoundError } from '../errors.ts'
import { Health } from '../health/health.ts'
import type { Readiness } from '../http-api/health.ts'
import { startServer } from '../server.ts'
import type { Watch } from '../tail/watch.ts'
import { freePort } from '../transport/listener.ts'
import { drainSecondsIn, logLevelIn, metricsPrefixIn } from './foreign-config.ts'
import { ForkedWorker } from './forked-worker.ts'
import { Generation, type GenerationParts } from './generation.ts'
import { GroupLive } from './group-live.ts'
import { GroupMetrics } from './group-metrics.ts'
import { type GroupStatus, groupStatus } from './group-status.ts'
import { GroupWatch } from './group-watch.ts'
import { LocalWorker, withResolvers } from './local-worker.ts'
import { portChoice } from './port-choice.ts'
import type { Tell } from './reading.ts'
import { type Restarting, Restarts, takenOver } from './restarts.ts'
import { type ServedConfiguration, servedConfiguration } from './served-configuration.ts'
import type { NodesSeen, Reloading, Worker } from './worker.ts'

/** For a successor to be ready; for the workers of a start to listen. */
const START_MILLISECONDS = 30_000
/** Generations before the current one that may let their connections go at the same time. */
const MOST_RETIRING = 8
const NOT_TAKEN_OVER = 'these options take effect when the server is stopped and started'

export interface GroupParts {
  readonly config: Config
  readonly flags: Flags
  readonly log: Logger
  readonly tell: Tell
  readonly format: 'pretty' | 'json'
  readonly coloured: boolean
}

export class Group {
  readonly host: string
  readonly health: Health
  readonly metrics = new GroupMetrics({
    workers: () => this.#generations().flatMap(({ listening }) => listening),
    state: () => ({
      wanted: this.#current.wanted,
      serving: this.#current.serving,
      ended: this.#ended,
      restarts: this.#restarts.counts,
    }),
    prefix: () => metricsPrefixIn(this.#current.config) ?? this.#parts.config.metrics.prefix,
  })
  readonly live = new GroupLive(() => this.#workers())
  readonly #watching = new GroupWatch(() => this.#workers())
  readonly #finished = withResolvers<void>()
  /** Resolves when nothing serves any more, after `drain` or `stop`. */
  readonly ended = this.#finished.promise
  readonly #parts: GroupParts
  #port: number
  #current: Generation
  readonly #retiring = new Set<Generation>()
  /** A successor that is not ready yet. */
  #starting: Generation | undefined
  #ending: 'draining' | 'stopping' | undefined
  readonly #restarts = new Restarts()
  /** Workers that ended by themselves. */
  #ended = 0

  private constructor(parts: GroupParts, port: number) {
    this.#parts = parts
    this.host = parts.config.host
    this.#port = port
    this.#current = new Generation(this.#generationParts(1, port))
    this.health = new Health({
      serving: () => this.#current.listening,
      readiness: () => this.readiness,
    })
  }

  /**
   * Starts serving.
   * @throws ResoundError when an address or certificate cannot be used, or the native part is missing
   */
  static async start(parts: GroupParts): Promise<Group> {
    const { config, log, flags, tell } = parts
    if (config.workers > 1) {
      const group = new Group(parts, freePort(config.host, config.port))
      await group.#current.start(config, 'now', START_MILLISECONDS)
      return group
    }
    let answered: Readiness | undefined
    const server = await startServer({ config, log, answerFor: (own) => answered ?? own })
    const answer = (readiness: Readiness | undefined): void => {
      answered = readiness
    }
    const group = new Group(parts, server.port)
    const worker = new LocalWorker({ server, flags, log, tell, answer })
    group.#current = Generation.local(group.#generationParts(1, server.port), worker, config)
    return group
  }

  /** As bound. */
  get port(): number {
    return this.#port
  }

  /** How long a drain may take, by the configuration that is served. */
  get drainSeconds(): number {
    return drainSecondsIn(this.#current.config)
  }

  /** Whether new clients should come here; the same for all processes of the group. */
  get readiness(): Readiness {
    if (this.#ending !== undefined) return { ready: false, reason: this.#ending }
    return this.#current.readiness
  }

  /**
   * Starts a new generation beside the current one, and lets that one's connections go once the new
   * one is ready for clients.
   * @param reason what asked for it, for `status`
   * @throws ResoundError why the new one cannot serve; the current one goes on then
   */
  async restart(reason: string): Promise<Restarting> {
    const refused = this.#refusal()
    if (refused !== undefined) return { isDone: false, reason: refused }
    const { log } = this.#parts
    const previous = this.#current
    const next = new Generation(this.#generationParts(previous.number + 1, undefined))
    const ended = this.#restarts.begin(reason, previous.id, next.id)
    log.info({ reason, generation: next.id }, 'restarting')
    this.#starting = next
    try {
      await next.start(undefined, 'ready', START_MILLISECONDS)
    } catch (fault) {
      const { code, message } = faultOf(fault)
      ended('failed', message)
      log.error({ code, reason: message }, 'not restarted; the generation before it goes on')
      throw fault
    } finally {
      this.#starting = undefined
    }
    ended('done')
    this.#current = next
    this.#takeOverLog(next.config)
    this.#retire(previous)
    log.info({ generation: next.id, previous: previous.id }, 'restarted')
    const { start, areJoined } = takenOver(this.#parts.config, next.config)
    if (start.length > 0) log.warn({ options: start }, NOT_TAKEN_OVER)
    return { isDone: true, generation: next.id, previous: previous.id, start, areJoined }
  }

  /** Reads the configuration again, and takes it over in every worker. */
  async reload(): Promise<Reloading> {
    if (this.#starting !== undefined) {
      const message = 'A restart is under way, and it reads the configuration as well.'
      throw new ResoundError('RESOUND_SERVER_REFUSED', message, { remedy: 'Reload after it.' })
    }
    const generation = this.#current
    const [first, ...others] = generation.workers
    if (first === undefined) {
      throw new ResoundError('RESOUND_WORKER_ENDED', 'No worker is there to read it.')
    }
    const reloading = await first.reload()
    if (!reloading.valid) return reloading
    generation.config = reloading.config
    this.#takeOverLog(reloading.config)
    await Promise.all(others.map((worker) => worker.reload(reloading.config)))
    // An app that was removed or disabled has to be gone from those who are leaving as well.
    const leaving = [...this.#retiring].flatMap(({ workers }) => workers)
    await Promise.allSettled(leaving.map((worker) => worker.reload(reloading.config)))
    return reloading
  }

  /** Lets all connections go at a pace. `ended` tells when that is done. */
  drain(): void {
    this.#end('draining', (generation) => generation.drain())
  }

  /** Ends all at once. */
  stop(): void {
    this.#end('stopping', (generation) => generation.stop())
  }

  /** Those of the current generation. */
  readonly webhooks: FailedWebhooks = {
    failures: (most, appId) => this.#anyWorker().webhooks.failures(most, appId),
    replay: (appId, ids) => this.#anyWorker().webhooks.replay(appId, ids),
  }

  /** Shows what happens in all its processes. @returns what ends that */
  readonly watch: Watch = (filter, tell) => this.#watching.watch(filter, tell)

  status(): Promise<GroupStatus> {
    return groupStatus({
      current: this.#current,
      retiring: [...this.#retiring],
      readiness: () => this.readiness,
      isRestarting: this.#starting !== undefined,
      lastRestart: this.#restarts.last,
    })
  }

  /** The nodes that share a Redis, as a worker of the current generation sees them. */
  nodes(): Promise<NodesSeen | null> {
    return this.#anyWorker().nodes()
  }

  /** What is served, secrets masked, and what is another by now where it is read. */
  configuration(): ServedConfiguration {
    return servedConfiguration(this.#current.config, this.#parts.flags)
  }

  #refusal(): string | undefined {
    if (this.#ending !== undefined) return `The server is ${this.#ending}.`
    if (this.#starting !== undefined) return 'Another restart is under way.'
    if (this.#retiring.size < MOST_RETIRING) return undefined
    return `${MOST_RETIRING} generations are still letting their connections go. Try again later.`
  }

  #end(how: 'draining' | 'stopping', finish: (generation: Generation) => void): void {
    if (this.#ending === undefined) {
      const all = [this.#current, ...this.#retiring]
      void Promise.all(all.map(({ ended }) => ended)).then(() => this.#finished.resolve())
    }
    this.#ending = how
    this.#starting?.stop()
    this.#tell()
    for (const generation of this.#generations()) finish(generation)
  }

  #retire(generation: Generation): void {
    this.#retiring.add(generation)
    this.#tell()
    void generation.ended.then(() => {
      this.#retiring.delete(generation)
      this.#parts.log.info({ generation: generation.id }, 'a generation before this one has ended')
    })
    generation.drain()
  }

  /** This process writes as its workers do. */
  #takeOverLog(config: unknown): void {
    this.#parts.log.level = logLevelIn(config) ?? this.#parts.log.level
  }

  #generations(): readonly Generation[] {
    return [this.#current, ...this.#retiring]
  }

  #workers(): readonly Worker[] {
    return this.#generations().flatMap(({ workers }) => workers)
  }

  #anyWorker(): Worker {
    const [worker] = this.#current.workers
    if (worker !== undefined) return worker
    throw new ResoundError('RESOUND_WORKER_ENDED', 'No worker is there at the moment.')
  }

  /** Has every process answer `/ready` for the group. One that is all of it knows better itself. */
  #tell(): void {
    const { readiness } = this
    for (const generation of this.#generations()) {
      const isAlone = generation === this.#current && generation.wanted === 1
      for (const worker of generation.workers) worker.answer(isAlone ? undefined : readiness)
    }
  }

  /** @param port undefined for a generation that listens where its configuration says */
  #generationParts(number: number, port: number | undefined): GenerationParts {
    const { log, flags, format, coloured } = this.#parts
    const portFor = portChoice(port, () => this.#port)
    const changed = (): void => this.#tell()
    const generation = (): Generation | undefined =>
      [...this.#generations(), this.#starting].find((one) => one?.number === number)
    return {
      number,
      log,
      fork: (config, when) => {
        const drainSeconds = (): number => drainSecondsIn(generation()?.config)
        const served = { config, when, portFor, drainSeconds, changed }
        return new ForkedWorker({ flags, format, coloured, ...served })
      },
      changed,
      counted: (families) => this.metrics.keep(families),
      died: () => {
        this.#ended += 1
      },
    }
  }
}
