/**
 * How many connections of this node are in each channel, and how many those of all nodes are, as far as
 * this node has been told.
 */
import { type Counted, readCounted } from './operations.ts'
import type { Enqueue } from './pipeline.ts'
import { type At, topicOf } from './seats.ts'

/** All connections of an app. No client can name it. */
export const CONNECTIONS = '#connections'

export interface CountOptions {
  /** Whether webhooks are told that the channel is vacated. */
  readonly tells: boolean
  /** Whether every node has to know the total. */
  readonly announces: boolean
}

export interface CountsNews {
  /** The first connection of all nodes; not one that is back before the grace was over. */
  readonly occupied: (at: At) => void
  /** The last one has left, and it is to be told after the grace. */
  readonly vacated: () => void
  /** @param isOurs whether a change on this node made it so */
  readonly total: (at: At, total: number, isOurs: boolean) => void
}

interface Entry {
  readonly at: At
  count: number
  /** Connections that wait to be let in: a channel is occupied before it has members. */
  arriving: number
  options: CountOptions
  /** Whether an operation that has not been sent is going to tell the count. */
  isQueued: boolean
  /** As last heard, with what this node held then. */
  total: number
  sent: number
  /** What Redis is known to have had of this node last. */
  answered: number
  number: number
  /** Whether Redis has had it once: after a loss of its data the channel is not occupied anew. */
  isKnown: boolean
}

export class Counts {
  readonly #enqueue: Enqueue
  readonly #news: CountsNews
  readonly #entries = new Map<string, Entry>()

  constructor(enqueue: Enqueue, news: CountsNews) {
    this.#enqueue = enqueue
    this.#news = news
  }

  /** How many channels have connections here. */
  get size(): number {
    let size = 0
    for (const entry of this.#entries.values()) if (heldBy(entry) > 0) size += 1
    return size
  }

  has(at: At): boolean {
    const entry = this.#entries.get(topicOf(at))
    return entry !== undefined && heldBy(entry) > 0
  }

  /** Call after each change. */
  changed(at: At, count: number, options: CountOptions): void {
    const entry = this.#entryOf(at, options)
    entry.count = count
    this.#queue(entry)
  }

  /** Somebody asks to be let in, or has been answered. @param change 1 or -1 */
  arriving(at: At, change: 1 | -1, options: CountOptions): void {
    const entry = this.#entryOf(at, options)
    entry.arriving += change
    this.#queue(entry)
  }

  #entryOf(at: At, options: CountOptions): Entry {
    const topic = topicOf(at)
    const entry = this.#entries.get(topic) ?? {
      at,
      count: 0,
      arriving: 0,
      options,
      isQueued: false,
      total: 0,
      sent: 0,
      answered: 0,
      number: 0,
      isKnown: false,
    }
    this.#entries.set(topic, entry)
    entry.options = options
    return entry
  }

  /** The connections of all nodes, as far as it is known here. */
  totalOf(at: At): number {
    const entry = this.#entries.get(topicOf(at))
    return entry === undefined ? 0 : Math.max(0, entry.total - entry.sent) + entry.count
  }

  /** Another node has changed a total. */
  apply(at: At, total: number, number: number): void {
    const entry = this.#entries.get(topicOf(at))
    if (entry === undefined || number <= entry.number) return
    entry.total = total
    entry.number = number
    this.#news.total(at, total, false)
  }

  /** Asks for all counts to be in Redis, where they may be numbered anew. */
  register(): void {
    for (const entry of this.#entries.values()) {
      entry.number = 0
      entry.isQueued = false // what was asked for without Redis was not kept
      this.#queue(entry)
    }
  }

  /** Takes away an entry of ours that should not be there. */
  discard(at: At): void {
    this.changed(at, 0, { tells: true, announces: true })
  }

  #queue(entry: Entry): void {
    if (entry.isQueued) return
    entry.isQueued = true
    let count = 0
    this.#enqueue(
      () => {
        count = heldBy(entry)
        entry.isQueued = false
        entry.sent = count
        return { type: 'count', ...entry.at, count, ...entry.options }
      },
      (answer) => this.#counted(entry, readCounted(answer), count),
    )
  }

  /** @param count that Redis has of this node now */
  #counted(entry: Entry, { outcome, total, number }: Counted, count: number): void {
    const { at } = entry
    const isChange = count !== entry.answered
    entry.answered = count
    if (number === 0 || number > entry.number) {
      entry.total = total
      entry.number = Math.max(entry.number, number)
    }
    if (outcome === 'occupied' && !entry.isKnown) this.#news.occupied(at)
    entry.isKnown = outcome !== 'vacated'
    if (outcome === 'vacated') this.#news.vacated()
    if (isChange) this.#news.total(at, total, true)
    if (heldBy(entry) === 0 && !entry.isQueued && this.#entries.get(topicOf(at)) === entry) {
      this.#entries.delete(topicOf(at))
    }
  }
}

const heldBy = ({ count, arriving }: Entry): number => count + arriving
