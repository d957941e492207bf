/**
 * Who is present in one channel. A user is present once, however many sockets they hold.
 */
import type { Member } from './kind.ts'

interface Seat {
  readonly member: Member
  sockets: number
}

export class Members {
  readonly #seats = new Map<string, Seat>()
  readonly #bySocket = new Map<string, Seat>()

  /** How many users are present. */
  get count(): number {
    return this.#seats.size
  }

  /** Each user once, with the `userInfo` of their first socket. */
  *[Symbol.iterator](): IterableIterator<Member> {
    for (const seat of this.#seats.values()) yield seat.member
  }

  has(userId: string): boolean {
    return this.#seats.has(userId)
  }

  /** Who this socket is here, if it is here. */
  memberOf(socketId: string): Member | undefined {
    return this.#bySocket.get(socketId)?.member
  }

  /** The sockets of one user. */
  socketsOf(userId: string): string[] {
    const seat = this.#seats.get(userId)
    return [...this.#bySocket].filter(([, own]) => own === seat).map(([socketId]) => socketId)
  }

  /** @returns true on the user's first socket here: the moment to announce `member_added`. */
  join(socketId: string, member: Member): boolean {
    const present = this.#seats.get(member.userId)
    const seat = present ?? { member, sockets: 0 }
    seat.sockets += 1
    this.#seats.set(member.userId, seat)
    this.#bySocket.set(socketId, seat)
    return present === undefined
  }

  /** @returns the member whose last socket this was: the moment to announce `member_removed`. */
  leave(socketId: string): Member | undefined {
    const seat = this.#bySocket.get(socketId)
    if (seat === undefined) return undefined
    this.#bySocket.delete(socketId)
    seat.sockets -= 1
    if (seat.sockets > 0) return undefined
    this.#seats.delete(seat.member.userId)
    return seat.member
  }
}
