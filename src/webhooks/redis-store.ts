/**
 * The queues of webhooks in Redis: what its scripts are given and what they answer. Holds no state.
 */
import { z } from 'zod'
import type { RedisClient } from '../redis/connect.ts'
import type { EndpointAddress } from './endpoint.ts'
import type { Batch, Entry, Failure } from './queue.ts'
import * as scripts from './redis-scripts.ts'

export interface RedisStoreOptions {
  readonly redis: RedisClient
  readonly keyPrefix: string
  /** This process, and no other that there is or was: the token of its leases. */
  readonly node: string
  /** How long an endpoint stays a dead node's. */
  readonly leaseMilliseconds: number
  /** Of one endpoint. */
  readonly queuedBytes: number
  readonly batchEvents: number
  readonly batchBytes: number
  /** Of each app. */
  readonly keptFailures: number
  readonly keptFailureBytes: number
}

/** What a push or a replay did. */
export interface Stored {
  /** For a push the events that were dropped, for a replay whether the failure was there. */
  readonly count: number
  /** Whether the endpoint is this node's to deliver. */
  readonly isLeased: boolean
}

const Pair = z.tuple([z.int(), z.int()])
const StoredFailure = z.object({
  id: z.string(),
  appId: z.string(),
  webhook: z.string(),
  endpointId: z.string(),
  events: z.int(),
  time: z.int(),
  givenUpAt: z.int(),
  reason: z.string(),
  text: z.string(),
})

export class RedisStore {
  readonly #options: RedisStoreOptions

  constructor(options: RedisStoreOptions) {
    this.#options = options
  }

  /** @param number rises from push to push: a repeated one happens once */
  async push(address: EndpointAddress, number: number, entries: readonly Entry[]): Promise<Stored> {
    const { queue, lease, waiting, pushed } = this.#keysOf(address)
    const { node, leaseMilliseconds, queuedBytes } = this.#options
    const answer = await this.#run(
      scripts.PUSH,
      [queue, lease, waiting, pushed],
      [node, leaseMilliseconds, queuedBytes, number, ...entries.map(entryText)],
    )
    const [count, leased] = Pair.parse(answer)
    return { count, isLeased: leased === 1 }
  }

  /** @returns null when the endpoint is another node's; undefined when nothing waits, and it is given back */
  async take(address: EndpointAddress): Promise<Batch | undefined | null> {
    const { queue, lease, waiting, taken } = this.#keysOf(address)
    const { node, leaseMilliseconds, batchEvents, batchBytes } = this.#options
    const answer = await this.#run(
      scripts.TAKE,
      [queue, lease, waiting, taken],
      [node, leaseMilliseconds, batchEvents, batchBytes],
    )
    if (answer === null) return null
    return batchOf(z.array(z.string()).parse(answer))
  }

  async delivered(address: EndpointAddress): Promise<void> {
    const { queue, waiting, taken } = this.#keysOf(address)
    await this.#run(scripts.DELIVERED, [queue, waiting, taken], [this.#options.node])
  }

  async giveUp(address: EndpointAddress, failure: Failure): Promise<void> {
    const { queue, waiting, taken, failures, failureBytes } = this.#keysOf(address)
    const { node, keptFailures, keptFailureBytes } = this.#options
    await this.#run(
      scripts.GIVE_UP,
      [queue, waiting, taken, failures, failureBytes],
      [node, JSON.stringify(failure), keptFailures, keptFailureBytes],
    )
  }

  /** The newest first, with the text that names each in Redis. */
  async failures(
    appId: string,
    most = this.#options.keptFailures,
  ): Promise<{ failure: Failure; json: string }[]> {
    const { failures } = this.#keysOf({ appId, id: '' })
    const kept = await this.#options.redis.lrange(failures, 0, most - 1)
    return kept.map((json) => ({ failure: StoredFailure.parse(JSON.parse(json)), json }))
  }

  /** Both as `failures` gave them. */
  async replay(failure: Failure, json: string, queuedAt: number): Promise<Stored> {
    const address = { appId: failure.appId, id: failure.endpointId }
    const { queue, lease, waiting, failures, failureBytes } = this.#keysOf(address)
    const { node, leaseMilliseconds } = this.#options
    const { events, time, text } = failure
    const answer = await this.#run(
      scripts.REPLAY,
      [queue, lease, waiting, failures, failureBytes],
      [node, leaseMilliseconds, json, entryText({ events, time, queuedAt, text })],
    )
    const [count, leased] = Pair.parse(answer)
    return { count, isLeased: leased === 1 }
  }

  /** Looks after endpoints of one app, in their order: how many events wait, and whether it is this node's. */
  async sweep(addresses: readonly EndpointAddress[]): Promise<Stored[]> {
    const keys = addresses.flatMap((address) => {
      const { queue, lease, waiting } = this.#keysOf(address)
      return [queue, lease, waiting]
    })
    const { node, leaseMilliseconds } = this.#options
    const answer = await this.#run(scripts.SWEEP, keys, [node, leaseMilliseconds])
    return z
      .array(Pair)
      .parse(answer)
      .map(([count, leased]) => ({ count, isLeased: leased === 1 }))
  }

  /** Keeps the endpoint this node's for another while, if it still is. */
  async renew(address: EndpointAddress): Promise<void> {
    const { node, leaseMilliseconds } = this.#options
    await this.#run(scripts.RENEW, [this.#keysOf(address).lease], [node, leaseMilliseconds])
  }

  async release(address: EndpointAddress): Promise<void> {
    await this.#run(scripts.RELEASE, [this.#keysOf(address).lease], [this.#options.node])
  }

  #run(
    script: string,
    keys: readonly string[],
    values: readonly (string | number)[],
  ): Promise<unknown> {
    return this.#options.redis.eval(script, keys.length, ...keys, ...values)
  }

  /** The braces keep an app's keys in one slot of a cluster. */
  #keysOf({ appId, id }: EndpointAddress) {
    const app = `${this.#options.keyPrefix}webhooks:{${appId}}:`
    const endpoint = `${app}${id}:`
    return {
      queue: `${endpoint}queue`,
      lease: `${endpoint}lease`,
      taken: `${endpoint}taken`,
      waiting: `${endpoint}waiting`,
      pushed: `${endpoint}pushed:${this.#options.node}`,
      failures: `${app}failures`,
      failureBytes: `${app}failureBytes`,
    }
  }
}

const entryText = ({ events, time, queuedAt, text }: Omit<Entry, 'bytes'>): string =>
  `${events} ${time} ${queuedAt} ${text}`

function batchOf(entries: readonly string[]): Batch | undefined {
  const parsed = entries.map((entry) => {
    const [, events, time, queuedAt, text = ''] = /^(\d+) (\d+) (\d+) (.*)$/s.exec(entry) ?? []
    return { events: Number(events), time: Number(time), queuedAt: Number(queuedAt), text }
  })
  const [first] = parsed
  if (first === undefined) return undefined
  return {
    ...first,
    events: parsed.reduce((sum, { events }) => sum + events, 0),
    text: parsed.map(({ text }) => text).join(','),
  }
}
