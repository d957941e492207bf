/**
 * At which address a Redis is: always the same one, the master that the Sentinels name at the moment,
 * or any node of a Cluster, where what is published on one reaches all.
 */
import type { RedisOptions } from 'ioredis'
import { ask } from './ask.ts'
import { type RedisAddress, textOf } from './target.ts'

/** As which user to ask, and over TLS or not. Called for each connection. */
export type AsUser = () => Pick<RedisOptions, 'username' | 'password' | 'tls'>

export interface Location {
  /** What `next` gave last. */
  readonly given: RedisAddress | undefined
  /** Where to connect now. @throws Error when nobody knows; the next call may ask somebody else */
  next(signal: AbortSignal): Promise<RedisAddress>
  /**
   * Whether that is the wrong place by now, although it may still answer: a master that is none any
   * more, a node that its Cluster has lost. False when nobody knows better. Left out where it cannot
   * happen.
   */
  hasMoved?(signal: AbortSignal): Promise<boolean>
}

export const fixedLocation = (given: RedisAddress): Location => ({
  given,
  next: () => Promise.resolve(given),
})

/**
 * The master that Sentinels name.
 *
 * All are asked, and the newest configuration counts: one Sentinel that is cut off from the others
 * would go on naming a master that is none any more.
 */
export class SentinelLocation implements Location {
  readonly #name: string
  readonly #sentinels: readonly RedisAddress[]
  readonly #asUser: AsUser
  #given: RedisAddress | undefined

  constructor(name: string, sentinels: readonly RedisAddress[], asUser: AsUser) {
    this.#name = name
    this.#sentinels = sentinels
    this.#asUser = asUser
  }

  get given(): RedisAddress | undefined {
    return this.#given
  }

  async next(signal: AbortSignal): Promise<RedisAddress> {
    this.#given = await this.#master(signal)
    return this.#given
  }

  async hasMoved(signal: AbortSignal): Promise<boolean> {
    const given = this.#given
    if (given === undefined) return false
    try {
      const master = await this.#master(signal)
      return textOf(master) !== textOf(given) && this.#given === given
    } catch {
      return false // No Sentinel answers: the master may well be where it was.
    }
  }

  async #master(signal: AbortSignal): Promise<RedisAddress> {
    const answers = await Promise.allSettled(
      this.#sentinels.map(async (sentinel) =>
        masterIn(await ask(sentinel, this.#asUser(), ['SENTINEL', 'MASTER', this.#name], signal)),
      ),
    )
    const masters = answers.flatMap((answer) =>
      answer.status === 'fulfilled' ? [answer.value] : [],
    )
    const [newest] = masters.sort((a, b) => b.epoch - a.epoch)
    if (newest !== undefined) return newest.address
    const reasons = answers.flatMap((answer): unknown[] =>
      answer.status === 'rejected' ? [answer.reason] : [],
    )
    throw reasons.find(isReply) ?? reasons[0]
  }
}

/** What SENTINEL MASTER says: a list of names and values. @throws Error when it is something else */
function masterIn(reply: unknown): { address: RedisAddress; epoch: number } {
  const list: readonly unknown[] = Array.isArray(reply) ? reply : []
  const given = (name: string): unknown => list[list.indexOf(name) + 1]
  const address = { host: String(given('ip')), port: Number(given('port')) }
  const epoch = Number(given('config-epoch'))
  if (!Number.isInteger(address.port) || !Number.isInteger(epoch)) {
    throw new Error('the Sentinel does not say where the master is')
  }
  return { address, epoch }
}

/** Nodes of a Cluster that are remembered beside the configured ones. */
const MOST_LEARNED = 100

/**
 * Any node of a Cluster, the next one after each loss.
 *
 * The nodes themselves tell which others there are. A node that the Cluster has lost or removed may
 * still answer, but hears nothing any more: another node is asked whether it knows it.
 */
export class ClusterLocation implements Location {
  readonly #configured: readonly RedisAddress[]
  readonly #asUser: AsUser
  /** Whom to try, the next one first. */
  #nodes: RedisAddress[]
  /** What `next` gave last, and its id, if it said so. */
  #given: { readonly address: RedisAddress; readonly id: string | undefined } | undefined

  /** @param configured some nodes */
  constructor(configured: readonly RedisAddress[], asUser: AsUser) {
    this.#configured = configured
    this.#asUser = asUser
    this.#nodes = shuffled(configured)
  }

  get given(): RedisAddress | undefined {
    return this.#given?.address
  }

  async next(signal: AbortSignal): Promise<RedisAddress> {
    if (this.#given !== undefined) this.#moveBack(this.#given.address) // it was left
    this.#given = undefined
    const address = this.#rotate()
    const nodes = await this.#ask(address, signal)
    if (nodes?.length === 1 && this.#nodes.length > 1) {
      throw new Error(`${textOf(address)} is in no Redis Cluster with others`)
    }
    this.#given = { address, id: nodes?.find(({ isAsked }) => isAsked)?.id }
    return address
  }

  async hasMoved(signal: AbortSignal): Promise<boolean> {
    const given = this.#given
    if (given?.id === undefined) return false
    const other = this.#nodes.find((address) => textOf(address) !== textOf(given.address))
    if (other === undefined) return false
    this.#moveBack(other)
    try {
      const nodes = await this.#ask(other, signal)
      if (nodes === undefined || nodes.length === 1) return false // removed itself
      const seen = nodes.find(({ id }) => id === given.id)
      return seen?.isUsable !== true && this.#given === given
    } catch {
      return false // The next time another one is asked.
    }
  }

  #rotate(): RedisAddress {
    const [next] = this.#nodes
    if (next === undefined) throw new Error('no node of the Redis Cluster is known')
    this.#moveBack(next)
    return next
  }

  #moveBack(address: RedisAddress): void {
    if (!this.#nodes.includes(address)) return // forgotten meanwhile
    this.#nodes = [...this.#nodes.filter((node) => node !== address), address]
  }

  /** @returns undefined when the user is not allowed to ask */
  async #ask(
    address: RedisAddress,
    signal: AbortSignal,
  ): Promise<readonly ClusterNode[] | undefined> {
    let reply: unknown
    try {
      reply = await ask(address, this.#asUser(), ['CLUSTER', 'NODES'], signal)
    } catch (error) {
      if (isReply(error) && error.message.startsWith('NOPERM')) return undefined
      throw error
    }
    const nodes = clusterNodes(String(reply), address)
    if (nodes.length > 1) this.#learn(nodes) // one that was removed knows of no other
    return nodes
  }

  /** Remembers the nodes that there are now, in the order in which they are to be tried. */
  #learn(nodes: readonly ClusterNode[]): void {
    const usable = nodes.filter(({ isUsable }) => isUsable).map(({ address }) => address)
    const present = new Set([...this.#configured, ...usable].map(textOf))
    const kept = this.#nodes.filter((address) => present.has(textOf(address)))
    const known = new Set(kept.map(textOf))
    const learned = usable.filter((address) => !known.has(textOf(address)))
    const most = this.#configured.length + MOST_LEARNED
    this.#nodes = [...shuffled(learned), ...kept].slice(-most)
  }
}

interface ClusterNode {
  readonly id: string
  readonly address: RedisAddress
  /** Whether it is the one that was asked. */
  readonly isAsked: boolean
  /** Whether the masters reach it, as far as the asked one knows. */
  readonly isUsable: boolean
}

/** Flags of a node. With `fail?`, only the asked one does not reach it. */
const UNUSABLE = new Set(['fail', 'noaddr', 'handshake'])

/**
 * What CLUSTER NODES says, a line each: `id ip:port@busport[,hostname] flags ...`. A node that has a
 * host name is called by it, as its certificate does.
 */
export function clusterNodes(text: string, asked: RedisAddress): readonly ClusterNode[] {
  return text.split('\n').flatMap((line) => {
    const [id = '', place = '', flagList = ''] = line.split(' ')
    const parts = /^(?<ip>.*):(?<port>\d+)(?:@\d+)?(?:,(?<name>[^,]*))?/.exec(place)?.groups
    if (id === '' || parts === undefined) return []
    const flags = flagList.split(',')
    const isAsked = flags.includes('myself')
    const host = [parts['name'], parts['ip']].find((each) => each !== undefined && each !== '')
    const address = isAsked ? asked : { host: host ?? asked.host, port: Number(parts['port']) }
    const isUsable = !flags.some((flag) => UNUSABLE.has(flag))
    return [{ id, address, isAsked, isUsable }]
  })
}

/** Whether Redis itself said so. */
export const isReply = (error: unknown): error is Error =>
  error instanceof Error && error.name === 'ReplyError'

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item)
}
