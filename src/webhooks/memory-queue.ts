/**
 * The queue of a server without Redis: in this process, and gone with it.
 */
import type { Clock } from '../clock.ts'
import type { Budget } from './budget.ts'
import { type EndpointAddress, keyOf } from './endpoint.ts'
import { KeptFailures } from './kept-failures.ts'
import type { Batch, Entry, Failure, QueueNews, WebhookQueue } from './queue.ts'

export interface MemoryQueueOptions {
  readonly budget: Budget
  readonly news: QueueNews
  readonly batchEvents: number
  readonly batchBytes: number
  /** Of each app. */
  readonly keptFailures: number
  readonly keptFailureBytes: number
  readonly clock: Clock
}

/** Entries that grow into a batch until it is taken. */
interface Waiting extends Batch {
  readonly address: EndpointAddress
  readonly bytes: number
}

export class MemoryQueue implements WebhookQueue {
  readonly isDurable = false
  readonly #options: MemoryQueueOptions
  /** By the endpoint's key; only those with something in them. The head may have been taken. */
  readonly #queues = new Map<string, Waiting[]>()
  readonly #taken = new Set<Waiting>()
  readonly #waiting = new Map<string, number>()
  readonly #failures: KeptFailures
  #present: ReadonlyMap<string, EndpointAddress> = new Map()

  constructor(options: MemoryQueueOptions) {
    this.#options = options
    this.#failures = new KeptFailures(options.keptFailures, options.keptFailureBytes)
  }

  push(address: EndpointAddress, entry: Entry): void {
    const queue = this.#queues.get(keyOf(address)) ?? []
    const last = queue.at(-1)
    if (last !== undefined && this.#fits(last, entry)) {
      queue[queue.length - 1] = {
        ...last,
        events: last.events + entry.events,
        text: `${last.text},${entry.text}`,
        bytes: last.bytes + entry.bytes,
      }
    } else {
      queue.push({ address, ...entry })
      this.#queues.set(keyOf(address), queue)
    }
    this.#count(address.appId, entry.events)
    this.#options.news.work(address)
  }

  async take(address: EndpointAddress): Promise<Batch | undefined> {
    const head = this.#queues.get(keyOf(address))?.[0]
    if (head !== undefined) this.#taken.add(head)
    return head
  }

  async delivered(address: EndpointAddress, batch: Batch): Promise<void> {
    if (this.#isHead(address, batch)) this.#shift(address)
  }

  async giveUp(address: EndpointAddress, batch: Batch, failure: Failure): Promise<void> {
    if (!this.#isHead(address, batch)) return
    this.#shift(address)
    this.#failures.keep(failure)
  }

  configure(present: readonly EndpointAddress[]): void {
    this.#present = new Map(present.map((address) => [keyOf(address), address]))
    for (const [key, [first]] of this.#queues) {
      if (first === undefined || this.#present.has(key)) continue
      let forgotten = 0
      while (this.#queues.has(key)) forgotten += this.#shift(first.address)
      this.#options.news.forgotten(first.address.appId, forgotten)
    }
  }

  waiting(appId: string): number {
    return this.#waiting.get(appId) ?? 0
  }

  async failures(appId: string, most: number): Promise<readonly Failure[]> {
    return this.#failures.of(appId).slice(0, most)
  }

  async replay(appId: string, ids?: readonly string[]): Promise<number> {
    const wanted = this.#failures
      .of(appId)
      .filter(({ id, endpointId }) => {
        const isPresent = this.#present.has(keyOf({ appId, id: endpointId }))
        return isPresent && (ids === undefined || ids.includes(id))
      })
      .reverse()
    let replayed = 0
    for (const failure of wanted) {
      const bytes = Buffer.byteLength(failure.text)
      if (!this.#options.budget.take(bytes)) break
      this.#failures.remove(failure)
      const { events, time, text, endpointId } = failure
      this.push(
        { appId, id: endpointId },
        { events, time, text, bytes, queuedAt: this.#options.clock.now() },
      )
      replayed += 1
    }
    return replayed
  }

  async stored(): Promise<void> {}

  async stop(): Promise<number> {
    let lost = 0
    for (const events of this.#waiting.values()) lost += events
    return lost
  }

  /** Not when its endpoint was gone from the configuration meanwhile. */
  #isHead(address: EndpointAddress, batch: Batch): boolean {
    return this.#queues.get(keyOf(address))?.[0] === batch
  }

  #fits(last: Waiting, entry: Entry): boolean {
    const { batchEvents, batchBytes } = this.#options
    return (
      !this.#taken.has(last) &&
      last.events + entry.events <= batchEvents &&
      last.bytes + entry.bytes <= batchBytes
    )
  }

  /** Removes the head of a queue. @returns its events */
  #shift(address: EndpointAddress): number {
    const key = keyOf(address)
    const queue = this.#queues.get(key)
    const head = queue?.shift()
    if (head === undefined) return 0
    if (queue?.length === 0) this.#queues.delete(key)
    this.#taken.delete(head)
    this.#options.budget.release(head.bytes)
    this.#count(address.appId, -head.events)
    return head.events
  }

  #count(appId: string, events: number): void {
    const waiting = this.waiting(appId) + events
    if (waiting === 0) this.#waiting.delete(appId)
    else this.#waiting.set(appId, waiting)
  }
}
