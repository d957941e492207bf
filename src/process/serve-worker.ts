/**
 * A worker's own side: a child process that serves on the group's port and does what the group asks.
 *
 * It never outlives the group: when the channel to it closes, it lets its connections go and ends.
 */
import { realClock } from '../clock.ts'
import { Config } from '../config/schema.ts'
import type { Flags } from '../config/sources.ts'
import { faultOf, ResoundError } from '../errors.ts'
import type { Readiness } from '../http-api/health.ts'
import { createLogger } from '../log.ts'
import { startServer } from '../server.ts'
import type { Filter } from '../tail/filter.ts'
import type { Sight } from '../tail/watch.ts'
import { LocalWorker, withResolvers } from './local-worker.ts'
import { Order, type Question, type Report } from './message.ts'
import { notifier, readAgain, sourcesOf } from './reading.ts'
import type { Ending } from './worker.ts'

/** How soon a change of readiness is seen. */
const READINESS_MILLISECONDS = 50
/** How long a worker without its group goes on letting connections go. The port is free at once. */
const ORPHAN_MILLISECONDS = 10_000

type Begin = Order & { type: 'begin' }
type Listen = Order & { type: 'listen' }

/** Serves until the group ends it, or is gone. @returns the exit code */
export async function serveWorker(): Promise<number> {
  // Those of a terminal reach every process of it, and what they mean is the group's to say.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGUSR2']) process.on(signal, () => undefined)
  const orders = new Orders()
  const begin = await orders.begin
  if (begin === undefined) return 1
  try {
    const { code } = await serve(begin, orders)
    return code ?? 1
  } catch (fault) {
    const { code, message, remedy } =
      fault instanceof ResoundError
        ? fault
        : { code: 'RESOUND_WORKER_ENDED', message: String(fault), remedy: 'The log says more.' }
    await report({ type: 'failed', code, message, remedy })
    if (!(fault instanceof ResoundError)) throw fault
    return 1
  } finally {
    if (process.connected) process.disconnect()
  }
}

async function serve({ flags, format, coloured, config: given }: Begin, orders: Orders) {
  const reading = given === undefined ? read(flags) : undefined
  const config = reading?.config ?? Config.parse(given)
  const log = createLogger({ level: config.log.level, format, colour: coloured })
  const tell = notifier(log)
  if (reading !== undefined) {
    log.info(sourcesOf(reading, flags), 'starting')
    tell(reading.notices)
  }
  await report({ type: 'configured', config })
  const listen = await orders.listen
  if (listen === undefined) return ENDED
  let answered: Readiness | undefined
  const server = await startServer({
    config,
    log,
    sharedPort: listen.port,
    answerFor: (own) => answered ?? own,
  })
  const worker = new LocalWorker({
    server,
    flags,
    log,
    tell,
    answer: (readiness) => {
      answered = readiness
    },
  })
  const watches = new Watches(worker)
  process.on('SIGTERM', () => worker.drain())
  orders.follow((order) => {
    switch (order.type) {
      case 'answer':
        return worker.answer(order.readiness ?? undefined)
      case 'ask':
        return void answer(worker, order.id, order.question)
      case 'watch':
        return watches.begin(order.id, order.filter)
      case 'unwatch':
        return watches.end(order.id)
      case 'drain':
        return worker.drain()
      case 'stop':
        return worker.stop()
    }
  })
  let hasEnded = false
  void worker.ended.then(() => {
    hasEnded = true
  })
  void orders.gone.then(() => {
    if (hasEnded) return
    log.warn('the process that started this worker is gone; ending')
    worker.drain()
    const cancel = realClock.after(ORPHAN_MILLISECONDS, () => worker.stop())
    void worker.ended.then(cancel)
  })
  let said = ''
  const { promise: ready, resolve } = withResolvers<void>()
  const sayReadiness = (): void => {
    const { readiness } = worker
    if (readiness.ready) resolve()
    if (readiness.reason === said) return
    said = readiness.reason
    void report({ type: 'readiness', readiness })
  }
  const stopSaying = realClock.every(READINESS_MILLISECONDS, sayReadiness)
  sayReadiness()
  const wanted = listen.when === 'ready' ? ready : Promise.resolve()
  const isOver = await Promise.race([worker.ended.then(() => true), wanted.then(() => false)])
  if (!isOver && !worker.isEnding) {
    server.join()
    await report({ type: 'listening' })
  }
  const ending = await worker.ended
  stopSaying()
  await report({ type: 'last', metrics: worker.counted })
  return ending
}

const ENDED: Ending = { code: 0, signal: null }

function read(flags: Flags) {
  const reading = readAgain(flags)
  if (!('problems' in reading)) return reading
  const lines = reading.problems.map((problem) => `\n  ${problem}`).join('')
  throw new ResoundError('RESOUND_CONFIG_INVALID', `The configuration has problems:${lines}`)
}

/** What the group has ordered, in the order in which a worker needs it. */
class Orders {
  readonly begin: Promise<Begin | undefined>
  readonly listen: Promise<Listen | undefined>
  /** Resolves when the group is gone. */
  readonly gone: Promise<void>
  #follow: ((order: Order) => void) | undefined
  /** Those that came too early. */
  readonly #early: Order[] = []

  constructor() {
    const begin = withResolvers<Begin | undefined>()
    const listen = withResolvers<Listen | undefined>()
    const gone = withResolvers<void>()
    this.begin = begin.promise
    this.listen = listen.promise
    this.gone = gone.promise
    process.on('message', (message) => {
      const { data: order } = Order.safeParse(message)
      if (order === undefined) return // of a release that says more
      if (order.type === 'begin') begin.resolve(order)
      else if (order.type === 'listen') listen.resolve(order)
      else if (this.#follow !== undefined) this.#follow(order)
      else this.#early.push(order)
      if (order.type === 'stop' || order.type === 'drain') listen.resolve(undefined)
    })
    process.once('disconnect', () => {
      begin.resolve(undefined)
      listen.resolve(undefined)
      gone.resolve()
    })
  }

  follow(follow: (order: Order) => void): void {
    this.#follow = follow
    for (const order of this.#early.splice(0)) follow(order)
  }
}

/** Who watches this worker, as the group numbers them. */
class Watches {
  readonly #worker: LocalWorker
  readonly #ends = new Map<number, () => void>()

  constructor(worker: LocalWorker) {
    this.#worker = worker
  }

  begin(id: number, filter: Filter): void {
    this.end(id)
    const tell = (sights: readonly Sight[]): void => void report({ type: 'seen', id, sights })
    this.#ends.set(id, this.#worker.watch(filter, tell))
  }

  end(id: number): void {
    this.#ends.get(id)?.()
    this.#ends.delete(id)
  }
}

async function answer(worker: LocalWorker, id: number, question: Question): Promise<void> {
  try {
    await report({ type: 'reply', id, value: await answerTo(worker, question) })
  } catch (fault) {
    const { code, message } = faultOf(fault)
    await report({ type: 'refusal', id, code, message })
  }
}

function answerTo(worker: LocalWorker, question: Question): Promise<unknown> {
  switch (question.of) {
    case 'metrics':
      return worker.metrics()
    case 'status':
      return worker.status()
    case 'canary':
      return worker.canary(question.milliseconds)
    case 'nodes':
      return worker.nodes()
    case 'reload':
      return worker.reload(question.config)
    case 'failures':
      return worker.webhooks.failures(question.most, question.app)
    case 'replay':
      return worker.webhooks.replay(question.app, question.ids)
    case 'live':
      return worker.live.ask(question.question)
  }
}

/** Resolves when it is on its way, or there is nobody to tell. */
function report(text: Report): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected || process.send === undefined) resolve()
    else process.send(text, undefined, undefined, () => resolve())
  })
}
