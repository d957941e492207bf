/**
 * The node of a Redis Cluster that has the slot of a key: what is published to a shard is heard there alone.
 */
import { z } from 'zod'
import { ask } from './ask.ts'
import type { AsUser, Location } from './location.ts'
import { type RedisAddress, textOf } from './target.ts'

/** What CLUSTER SLOTS says of a range: its ends, its master, its replicas. */
const Range = z
  .tuple([z.int(), z.int(), z.tuple([z.string().nullable(), z.int()]).rest(z.unknown())])
  .rest(z.unknown())
const Ranges = z.array(Range)

/** Nodes that are remembered beside the configured ones. */
const MOST_LEARNED = 100

export class SlotLocation implements Location {
  readonly #key: string
  readonly #asUser: AsUser
  readonly #configured: readonly RedisAddress[]
  /** Whom to ask, the next one first. */
  #nodes: readonly RedisAddress[]
  #slot: number | undefined
  #given: RedisAddress | undefined

  /** @param key of whatever is to be found */
  constructor(key: string, nodes: readonly RedisAddress[], asUser: AsUser) {
    this.#key = key
    this.#configured = nodes
    this.#nodes = nodes
    this.#asUser = asUser
  }

  get given(): RedisAddress | undefined {
    return this.#given
  }

  async next(signal: AbortSignal): Promise<RedisAddress> {
    this.#given = await this.#owner(signal)
    return this.#given
  }

  async hasMoved(signal: AbortSignal): Promise<boolean> {
    const given = this.#given
    if (given === undefined) return false
    try {
      const owner = await this.#owner(signal)
      return textOf(owner) !== textOf(given) && this.#given === given
    } catch {
      return false // Nobody knows better at the moment.
    }
  }

  /** Asks one node after the other, and begins with another one each time. */
  async #owner(signal: AbortSignal): Promise<RedisAddress> {
    let failure: unknown = new Error('no node of the Redis Cluster is known')
    for (const address of [...this.#nodes]) {
      this.#nodes = [...this.#nodes.filter((node) => node !== address), address]
      try {
        return await this.#ask(address, signal)
      } catch (error) {
        signal.throwIfAborted()
        failure = error
      }
    }
    throw failure
  }

  async #ask(address: RedisAddress, signal: AbortSignal): Promise<RedisAddress> {
    const question = (...command: readonly [string, ...string[]]): Promise<unknown> =>
      ask(address, this.#asUser(), command, signal)
    this.#slot ??= z.int().parse(await question('CLUSTER', 'KEYSLOT', this.#key))
    const slot = this.#slot
    const ranges = Ranges.parse(await question('CLUSTER', 'SLOTS'))
    const masters = ranges.map(([, , [host, port]]) => ({
      // Without an address of its own it is at the one it was asked at.
      host: host === null || host === '' || host === '?' ? address.host : host,
      port,
    }))
    this.#learn(masters)
    const owner = masters[ranges.findIndex(([first, last]) => first <= slot && slot <= last)]
    if (owner === undefined) throw new Error(`no node of the Redis Cluster has slot ${slot}`)
    return owner
  }

  #learn(masters: readonly RedisAddress[]): void {
    const known = new Map([...this.#configured, ...masters].map((each) => [textOf(each), each]))
    const kept = this.#nodes.filter((node) => known.delete(textOf(node)))
    this.#nodes = [...known.values(), ...kept].slice(0, this.#configured.length + MOST_LEARNED)
  }
}
