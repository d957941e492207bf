/**
 * One history: nodes on a prefix of their own, what happens to them, and what has to hold afterwards.
 */
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { kindOf } from '../../../channels/kinds.ts'
import type { RedisBroker } from '../../../src/broker/redis.ts'
import type { Occurrence } from '../../../src/hub/occurrence.ts'
import { CHANNELS, discrepancy, PUBLIC } from './check.ts'
import type { ModelClient, Watcher } from './client.ts'
import { ModelNode } from './node.ts'
import { type ModelOperation, operationsOf } from './operations.ts'

/** Who has been there for that long has been seen by everybody who is not cut off. */
const SEEN_MILLISECONDS = 300
/** How long a node may be without Redis and keep its lease for certain. */
const SHORT_MILLISECONDS = 500
const ANSWERS_LOST_MILLISECONDS = 30
const PATIENCE_MILLISECONDS = 12_000
const POLL_MILLISECONDS = 40
const MOST_NODES = 5

export interface Outcome {
  readonly seed: number
  /** What was wrong; undefined when nothing was. */
  readonly failure: string | undefined
  readonly operations: readonly ModelOperation[]
  /** From the last operation until all was right. */
  readonly repairMilliseconds: number
}

export interface HistoryParts {
  readonly seed: number
  readonly redis: Redis
  readonly redisPort: number
  readonly Broker: typeof RedisBroker
  /** How long it may take until all is right again. */
  readonly patienceMilliseconds?: number
}

export async function runHistory(parts: HistoryParts): Promise<Outcome> {
  const history = new History(parts)
  const operations = operationsOf(parts.seed)
  await history.begin()
  for (const operation of operations) await history.apply(operation)
  const { failure, repairMilliseconds } = await history.settle()
  await history.end()
  return { seed: parts.seed, failure, operations, repairMilliseconds }
}

class History {
  readonly #parts: HistoryParts
  readonly #prefix: string
  readonly #nodes: ModelNode[] = []
  readonly #leaving: Promise<void>[] = []
  readonly #wrong: string[] = []
  /** Removals that were wrong unless one of the nodes turns out to have lost its lease. */
  readonly #suspicions: { readonly what: string; readonly nodes: readonly ModelNode[] }[] = []
  readonly #occurrences: Occurrence[] = []
  #names = 0
  #hasFaults = false

  constructor(parts: HistoryParts) {
    this.#parts = parts
    this.#prefix = `model-${parts.seed}:`
  }

  async begin(): Promise<void> {
    await Promise.all([this.#start(), this.#start(), this.#start()])
  }

  async apply(operation: ModelOperation): Promise<void> {
    if (operation.type === 'wait') {
      await setTimeout(operation.milliseconds)
      return
    }
    await setImmediate() // between some operations Redis has answered, between others it has not
    const running = this.#nodes.filter(({ isRunning }) => isRunning)
    const node = running[operation.node % running.length]
    if (operation.type === 'newNode') {
      if (this.#nodes.length < MOST_NODES) await this.#start()
      return
    }
    if (operation.type === 'resume') {
      for (const paused of this.#nodes) paused.resume()
      return
    }
    if (node === undefined) return
    switch (operation.type) {
      case 'join':
        this.#join(node, this.#connect(node, operation.user), operation.channel)
        return
      case 'another': {
        const client = pick(node, operation.client)
        if (client !== undefined) this.#join(node, client, operation.channel)
        return
      }
      case 'subscribe': {
        const client = this.#connect(node, operation.user)
        client.subscribed.add(PUBLIC)
        node.hub.subscribe(client.connection, PUBLIC, kindOf(PUBLIC))
        return
      }
      case 'signIn': {
        const client = this.#connect(node, operation.user)
        client.isSignedIn = true
        node.hub.signIn(client.connection, client.user, '{}')
        return
      }
      case 'leave': {
        const client = pick(node, operation.client)
        const [channel] = client?.wanted.keys() ?? []
        if (client === undefined || channel === undefined) return
        client.wanted.delete(channel)
        client.views.delete(channel)
        node.hub.unsubscribe(client.connection, channel)
        return
      }
      case 'goodbye':
      case 'vanish': {
        const client = pick(node, operation.client)
        if (client !== undefined) node.disconnect(client, operation.type === 'vanish')
        return
      }
      default:
        this.#hasFaults = true
        await this.#fault(operation.type, node, running.length)
    }
  }

  /** Ends what disturbs, and waits until all is as it should be. */
  async settle(): Promise<{ failure: string | undefined; repairMilliseconds: number }> {
    for (const node of this.#nodes) {
      node.resume()
      node.link.deafen(false)
    }
    const from = Date.now()
    for (;;) {
      const passed = Date.now() - from
      const [wrong] = this.#wrong
      if (wrong !== undefined) return { failure: wrong, repairMilliseconds: passed }
      const failure = await discrepancy({
        nodes: this.#nodes.filter(({ isGone }) => !isGone),
        redis: this.#parts.redis,
        prefix: `${this.#prefix}{0}:`,
        occurrences: this.#hasFaults ? undefined : this.#occurrences,
      })
      if (failure === undefined && this.#wrong.length === 0) {
        const flicker = this.#suspicions.find(({ nodes }) => nodes.every(isSound))
        return { failure: flicker?.what, repairMilliseconds: passed }
      }
      if (passed > (this.#parts.patienceMilliseconds ?? PATIENCE_MILLISECONDS))
        return { failure, repairMilliseconds: passed }
      await setTimeout(POLL_MILLISECONDS)
    }
  }

  async end(): Promise<void> {
    for (const node of this.#nodes) if (!node.isGone) this.#leaving.push(node.crash())
    await Promise.all(this.#leaving)
    await this.#loseData()
  }

  async #fault(type: string, node: ModelNode, running: number): Promise<void> {
    switch (type) {
      case 'crash':
        if (running > 1) this.#leaving.push(node.crash())
        return
      case 'stop':
        if (running > 1) this.#leaving.push(node.stop())
        return
      case 'pause':
        if (running > 1) node.pause()
        return
      case 'deafen':
        node.link.deafen(true)
        return
      case 'hear':
        for (const deaf of this.#nodes) deaf.link.deafen(false)
        return
      case 'cutBus':
        node.link.cut('bus')
        return
      case 'cutCommands':
        node.link.cut('commands')
        return
      case 'loseAnswers':
        node.link.loseAnswers()
        await setTimeout(ANSWERS_LOST_MILLISECONDS)
        node.link.cut('commands')
        return
      case 'dataLoss':
        await this.#loseData()
    }
  }

  async #start(): Promise<void> {
    const { redisPort, Broker } = this.#parts
    const name = this.#names
    this.#names += 1
    const node = await ModelNode.start({
      name,
      redisPort,
      keyPrefix: this.#prefix,
      Broker,
      occurred: (occurrence) => this.#occurrences.push(occurrence),
    })
    this.#nodes.push(node)
    this.#nodes.sort((a, b) => a.name - b.name)
  }

  #connect(node: ModelNode, user: number): ModelClient {
    const watcher: Watcher = {
      wrong: (what) => this.#wrong.push(what),
      removed: (client, channel, userId) => this.#removed(node, client, channel, userId),
    }
    return node.connect(`user-${user}`, watcher)
  }

  #join(node: ModelNode, client: ModelClient, number: number): void {
    const channel = CHANNELS[number % CHANNELS.length] ?? CHANNELS[0]
    if (client.wanted.has(channel)) return
    client.wanted.set(channel, undefined)
    const member = { userId: client.userId, userInfo: `{"of":"${client.userId}"}` }
    const outcome = node.hub.subscribe(client.connection, channel, kindOf(channel), member)
    if (!(outcome instanceof Promise)) return
    outcome.catch((error: unknown) => this.#wrong.push(`a join failed: ${String(error)}`))
  }

  /** Nobody is told that somebody left who has been there all the time. */
  #removed(node: ModelNode, client: ModelClient, channel: string, userId: string): void {
    const now = Date.now()
    if (!isSound(node)) return
    for (const other of this.#nodes) {
      if (!isSound(other)) continue
      for (const { userId: present, wanted, connection } of other.clients) {
        const since = wanted.get(channel)
        if (present !== userId || since === undefined || now - since < SEEN_MILLISECONDS) continue
        const what =
          `node ${node.name}, ${client.connection.socketId}: member_removed of ${userId} in ${channel}, ` +
          `who was there by ${connection.socketId} for ${now - since} ms`
        this.#suspicions.push({ what, nodes: [node, other] })
      }
    }
  }

  /** As FLUSHALL does, for this history only. */
  async #loseData(): Promise<void> {
    const script = `for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do redis.call('DEL', key) end`
    await this.#parts.redis.eval(script, 0, this.#prefix)
  }
}

/** Whether nothing has kept a node from holding on to what it has. */
const isSound = (node: ModelNode): boolean => node.isRunning && node.keptLease(SHORT_MILLISECONDS)

function pick({ clients }: ModelNode, number: number): ModelClient | undefined {
  return [...clients][number % Math.max(1, clients.size)]
}
