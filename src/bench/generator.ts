/** One thread's part of a load test: the phases of a scenario, in their order. */
import { ClientPublisher } from './client-publisher.ts'
import type { Crew } from './crew.ts'
import { HttpPublisher } from './http-publisher.ts'
import { Load } from './load.ts'
import type { Measured } from './measure.ts'
import {
  countOf,
  IN_FLIGHT,
  PARALLEL,
  type PhaseName,
  RAMP_SECONDS,
  type Share,
  shapeOf,
} from './plan.ts'
import type { Publisher } from './publisher.ts'
import { RedisPublisher } from './redis-publisher.ts'

/** Told of each phase, when it begins and what has come of it. */
export interface PhaseNews {
  began(phase: PhaseName): void
  ended(phase: PhaseName, measured: Measured): void
}

export class Generator {
  readonly load: Load
  readonly #share: Share
  readonly #signal: AbortSignal
  readonly #news: PhaseNews
  readonly #crew: Crew

  constructor(share: Share, signal: AbortSignal, crew: Crew, news: PhaseNews) {
    this.load = new Load([share.target], shapeOf(share), signal, crew)
    this.#share = share
    this.#crew = crew
    this.#signal = signal
    this.#news = news
  }

  /** Runs all phases, or those that begin before it is interrupted. Its connections are closed then. */
  async run(): Promise<void> {
    const { load } = this
    try {
      await this.#phases()
    } finally {
      await load.close()
    }
  }

  async #phases(): Promise<void> {
    const { load } = this
    const { scenario, rate, seconds } = this.#share
    const ramp = { rate: 0, parallel: PARALLEL, seconds: RAMP_SECONDS }
    const paced = { rate, parallel: PARALLEL, seconds }
    const count = countOf(rate, seconds)
    if (scenario === 'connect') {
      await this.#phase('connect', () => load.connect(paced))
      return
    }
    await this.#phase('connect', () => load.connect(ramp))
    if (scenario === 'subscribe') {
      await this.#phase('subscribe', () => load.cycle(paced, count))
      return
    }
    await this.#phase('subscribe', () => load.subscribe(ramp))
    await load.settle()
    if (scenario === 'publish') await this.#publish(count)
    else await this.#phase('churn', () => load.churn(rate, seconds, count))
  }

  async #publish(count: number): Promise<void> {
    const { way, batch, rate, seconds, warmUpSeconds, payloadBytes } = this.#share
    const how = {
      rate,
      inFlight: IN_FLIGHT,
      eventsPerRequest: way === 'batch' ? batch : 1,
      payloadBytes,
    }
    const publisher = this.#share.publishes ? await this.#publisher() : undefined
    try {
      if (warmUpSeconds > 0) {
        const warmUp = { ...how, count: countOf(rate, warmUpSeconds), seconds: warmUpSeconds }
        await this.load.publish(publisher, warmUp)
      }
      await this.#phase('publish', () => this.load.publish(publisher, { ...how, count, seconds }))
    } finally {
      await publisher?.close()
    }
  }

  async #publisher(): Promise<Publisher> {
    const { way, target, publishers, redis, connections } = this.#share
    if (way === 'client') {
      return new ClientPublisher(this.load.fleet, this.load.channels, connections)
    }
    if (way === 'redis' && redis !== undefined) {
      return RedisPublisher.connect(redis.target, redis.prefix)
    }
    return new HttpPublisher([target], {
      connections: publishers,
      isBatch: way === 'batch',
      isFresh: false,
    })
  }

  /** All threads begin it together. One in which they meet again is gone through by all of them. */
  async #phase(phase: PhaseName, work: () => Promise<Measured>): Promise<void> {
    await this.#crew.meet()
    const isLate = this.#signal.aborted
    if (isLate && phase !== 'publish') return
    if (!isLate) this.#news.began(phase)
    const measured = await work()
    if (!isLate) this.#news.ended(phase, measured)
  }
}
