/**
 * Who is present in one channel, on all nodes, as this node has told its clients. What it is told may
 * come late, twice or not at all; what it tells is each change once.
 *
 * Changes are numbered by Redis, and each names the one before it. Where one is missing a snapshot is
 * needed, and the difference to it is what has changed.
 */
import type { Member } from '../../channels/kind.ts'
import { Roster } from '../protocol/roster.ts'

/** A change in Redis. */
export interface Change {
  readonly change: 'added' | 'removed'
  readonly member: Member
  readonly before: number
  readonly number: number
}

/** All members as of the change of that number. */
export interface Snapshot {
  readonly number: number
  readonly members: readonly Member[]
}

/** What clients are to be told. */
export interface Announcements {
  readonly added: (member: Member) => void
  readonly removed: (userId: string) => void
}

/** Changes that wait for a snapshot. With more, another snapshot is asked for after it. */
const MOST_WAITING = 1000

export class Roll {
  readonly roster = new Roster()
  readonly #members = new Map<string, Member>()
  readonly #announce: Announcements
  #number = 0
  /** Undefined while no snapshot is awaited. */
  #waiting: Change[] | undefined
  #hasOverflowed = false

  constructor(announce: Announcements) {
    this.#announce = announce
  }

  get count(): number {
    return this.#members.size
  }

  /** The number of the last change that it knows of. */
  get number(): number {
    return this.#number
  }

  get isLoading(): boolean {
    return this.#waiting !== undefined
  }

  has(userId: string): boolean {
    return this.#members.has(userId)
  }

  [Symbol.iterator](): IterableIterator<Member> {
    return this.#members.values()
  }

  /** Call before a snapshot is asked for: what changes meanwhile is kept until it is there. */
  expectSnapshot(): void {
    this.#waiting ??= []
  }

  /** No snapshot is coming. */
  forgetSnapshot(): void {
    this.#waiting = undefined
    this.#hasOverflowed = false
  }

  /** @returns false when a change before this one is missing: a snapshot has to be asked for */
  apply(change: Change): boolean {
    if (this.#waiting !== undefined) {
      if (this.#waiting.length < MOST_WAITING) this.#waiting.push(change)
      else this.#hasOverflowed = true
      return true
    }
    if (change.number <= this.#number) return true
    if (change.before !== this.#number) return false
    this.#number = change.number
    this.#take(change.change, change.member)
    return true
  }

  /** @returns false when another snapshot has to be asked for */
  load({ number, members }: Snapshot): boolean {
    const waiting = this.#waiting ?? []
    const isComplete = !this.#hasOverflowed
    this.#waiting = undefined
    this.#hasOverflowed = false
    const present = new Set(members.map(({ userId }) => userId))
    for (const userId of [...this.#members.keys()]) if (!present.has(userId)) this.remove(userId)
    for (const member of members) this.add(member)
    this.#number = number
    return waiting.map((change) => this.apply(change)).every(Boolean) && isComplete
  }

  /** Somebody is here whatever Redis says: nothing is heard of it, and this node has their socket. */
  add(member: Member): void {
    if (this.#members.has(member.userId)) return
    this.#members.set(member.userId, member)
    this.roster.add(member)
    this.#announce.added(member)
  }

  /** Somebody has left. */
  remove(userId: string): void {
    if (!this.#members.delete(userId)) return
    this.roster.remove()
    this.#announce.removed(userId)
  }

  #take(change: Change['change'], member: Member): void {
    if (change === 'added') this.add(member)
    else this.remove(member.userId)
  }
}
