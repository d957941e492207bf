/**
 * Which users are on this node, channel by channel, and who is there on all nodes.
 *
 * It holds what is to be true in Redis for this node, and asks for the operations that make it so. While
 * Redis is not answering, whoever comes is let in by what is known here; nobody is announced as gone
 * because Redis is.
 */
import type { Member } from '../../channels/kind.ts'
import type { Clock } from '../clock.ts'
import { Linger } from './linger.ts'
import { type Entered, readEntered, readExited, readSnapshot } from './operations.ts'
import type { Enqueue } from './pipeline.ts'
import { type Change, Roll } from './roll.ts'

export interface At {
  readonly appId: string
  readonly channel: string
}

/** Whoever is in this has signed in. No client can name it, and nobody needs to know all of them. */
export const USERS = '#users'

export interface SeatsOptions {
  readonly enqueue: Enqueue
  /** Whether Redis decides; otherwise this node does. */
  readonly isLive: () => boolean
  readonly lingerMilliseconds: number
  readonly clock: Clock
  readonly news: SeatsNews
}

export interface SeatsNews {
  readonly memberAdded: (at: At, member: Member) => void
  readonly memberRemoved: (at: At, userId: string) => void
  /** Somebody has signed in, or is signed in nowhere any more. */
  readonly userChanged: (appId: string, userId: string, isOnline: boolean, number: number) => void
  /** Redis has them as a new member; not one who was gone for less than the grace. */
  readonly memberCame: (at: At, userId: string) => void
  /** They have left last, and it is to be told after the grace. */
  readonly memberWent: () => void
}

interface Seat {
  readonly member: Member
  readonly most: number
  readonly tells: boolean
  /** Whether it is theirs: Redis said so, or could not be asked. */
  isTaken: boolean
  /** Whether Redis has had them once: after a loss of its data they do not come anew. */
  isKnown: boolean
  readonly waiting: ((outcome: Roll | 'full') => void)[]
}

interface SharedChannel {
  readonly at: At
  readonly roll: Roll
  readonly seats: Map<string, Seat>
  /** Whether the roll has been read from Redis once. */
  isLoaded: boolean
  readonly afterLoad: (() => void)[]
}

export interface EnterOptions {
  /** Most members of the channel; 0 for any number. */
  readonly most: number
  /** Whether webhooks are told when they leave. */
  readonly tells: boolean
}

export class Seats {
  readonly #options: SeatsOptions
  readonly #channels = new Map<string, SharedChannel>()
  readonly #lingering: Linger<Seat>

  constructor(options: SeatsOptions) {
    this.#options = options
    this.#lingering = new Linger(options.lingerMilliseconds, options.clock)
  }

  /** How many users are here, each once per channel. */
  get count(): number {
    let count = 0
    for (const { seats } of this.#channels.values()) count += seats.size
    return count
  }

  has(at: At, userId: string): boolean {
    return this.#channels.get(topicOf(at))?.seats.has(userId) === true
  }

  /** A user's first connection here asks to be in a channel. @returns at once where nobody has to be asked */
  enter(
    at: At,
    member: Member,
    { most, tells }: EnterOptions,
  ): Roll | 'full' | Promise<Roll | 'full'> {
    const shared = this.#channels.get(topicOf(at)) ?? this.#open(at)
    const { roll, seats } = shared
    const present = seats.get(member.userId)
    if (present?.isTaken === true) {
      this.#lingering.cancel(present)
      return roll
    }
    if (present !== undefined) return new Promise((resolve) => present.waiting.push(resolve))
    const isLive = this.#options.isLive()
    if (!isLive && most > 0 && roll.count >= most && !roll.has(member.userId)) {
      this.#close(shared)
      return 'full'
    }
    const seat: Seat = { member, most, tells, isTaken: false, isKnown: false, waiting: [] }
    seats.set(member.userId, seat)
    this.#register(shared, seat, isLive ? most : 0)
    if (!isLive) {
      this.#take(shared, seat)
      return roll
    }
    if (!shared.isLoaded && !roll.isLoading) this.#look(shared)
    return new Promise((resolve) => seat.waiting.push(resolve))
  }

  /** A user's last connection here has left. @param lingers whether they may be back in a moment */
  leave(at: At, userId: string, lingers: boolean): void {
    const shared = this.#channels.get(topicOf(at))
    const seat = shared?.seats.get(userId)
    if (shared === undefined || seat === undefined) return
    if (lingers && seat.isTaken) this.#lingering.add(seat, () => this.#exit(shared, seat))
    else this.#exit(shared, seat)
  }

  /** Another node, or nobody in particular, has changed a channel. */
  apply(at: At, change: Change): void {
    if (at.channel === USERS) {
      const { userId } = change.member
      const isOnline = change.change === 'added'
      this.#options.news.userChanged(at.appId, userId, isOnline, change.number)
      return
    }
    const shared = this.#channels.get(topicOf(at))
    if (shared !== undefined) this.#apply(shared, change)
  }

  /** Redis does not answer: whoever waits is let in, and nothing is known to be asked for any more. */
  freeze(): void {
    for (const shared of [...this.#channels.values()]) {
      shared.roll.forgetSnapshot()
      for (const seat of shared.seats.values()) {
        if (seat.isTaken) continue
        this.#take(shared, seat)
        settle(seat, shared.roll)
      }
      for (const done of shared.afterLoad.splice(0)) done()
    }
  }

  /** Asks for everybody who is here to be in Redis. */
  register(): void {
    for (const shared of this.#channels.values()) {
      for (const seat of shared.seats.values()) this.#register(shared, seat, 0)
    }
  }

  /** Takes away an entry of ours that should not be there. */
  discard(at: At, userId: string): void {
    const exit = { type: 'exit', ...at, userId, tells: true } as const
    this.#options.enqueue(
      () => exit,
      (answer) => {
        readExited(answer)
      },
    )
  }

  /** Asks who is there, in every channel: something may have been missed. */
  look(): void {
    for (const shared of this.#channels.values()) {
      if (shared.at.channel !== USERS) this.#look(shared)
    }
  }

  /** Every channel whose roll is known, by \`app\nchannel\`, and the number of its last change. */
  *numbers(): IterableIterator<readonly [topic: string, number: number]> {
    for (const [topic, { roll, isLoaded, at }] of this.#channels) {
      if (isLoaded && !roll.isLoading && at.channel !== USERS) yield [topic, roll.number]
    }
  }

  /** Asks who is there, in one channel. */
  lookAt(topic: string): void {
    const shared = this.#channels.get(topic)
    if (shared !== undefined && !shared.roll.isLoading) this.#look(shared)
  }

  stop(): void {
    this.#lingering.stop()
  }

  #open(at: At): SharedChannel {
    const { news } = this.#options
    const roll = new Roll({
      added: (member) => news.memberAdded(at, member),
      removed: (userId) => news.memberRemoved(at, userId),
    })
    const isLoaded = at.channel === USERS
    const shared = { at, roll, seats: new Map<string, Seat>(), isLoaded, afterLoad: [] }
    this.#channels.set(topicOf(at), shared)
    return shared
  }

  #close(shared: SharedChannel): void {
    if (shared.seats.size === 0) this.#channels.delete(topicOf(shared.at))
  }

  /** Lets somebody in without asking. */
  #take({ at, roll }: SharedChannel, seat: Seat): void {
    const { member } = seat
    seat.isTaken = true
    if (at.channel !== USERS) roll.add(member)
    else this.#options.news.userChanged(at.appId, member.userId, true, 0)
  }

  #register(shared: SharedChannel, seat: Seat, most: number): void {
    const { member } = seat
    this.#options.enqueue(
      () => ({ type: 'enter', ...shared.at, member, most }),
      (answer) => this.#entered(shared, seat, readEntered(answer)),
    )
  }

  #entered(shared: SharedChannel, seat: Seat, { outcome, before, number }: Entered): void {
    const { at, roll, seats } = shared
    const { member, waiting } = seat
    if (outcome === 'full') {
      if (seat.isTaken || seats.get(member.userId) !== seat) return
      seats.delete(member.userId)
      this.#close(shared)
      settle(seat, 'full')
      return
    }
    if (outcome === 'added' || outcome === 'returned') {
      if (outcome === 'added' && !seat.isKnown) this.#options.news.memberCame(at, member.userId)
      this.apply(at, { change: 'added', member, before, number })
    }
    seat.isTaken = true
    seat.isKnown = true
    if (waiting.length === 0) return
    if (roll.isLoading) shared.afterLoad.push(() => settle(seat, roll))
    else settle(seat, roll)
  }

  #exit(shared: SharedChannel, seat: Seat): void {
    const { at, seats } = shared
    const { userId } = seat.member
    this.#lingering.cancel(seat)
    if (seats.get(userId) !== seat) return
    seats.delete(userId)
    this.#close(shared)
    this.#options.enqueue(
      () => ({ type: 'exit', ...at, userId, tells: seat.tells }),
      (answer) => {
        const { outcome, before, number } = readExited(answer)
        if (outcome !== 'removed') return
        if (seat.tells) this.#options.news.memberWent()
        this.apply(at, { change: 'removed', member: seat.member, before, number })
      },
    )
  }

  #look(shared: SharedChannel): void {
    const { at, roll, afterLoad } = shared
    roll.expectSnapshot()
    this.#options.enqueue(
      () => ({ type: 'look', ...at }),
      (answer) => {
        const isComplete = roll.load(readSnapshot(answer))
        shared.isLoaded = true
        for (const done of afterLoad.splice(0)) done()
        if (!isComplete && this.#channels.get(topicOf(at)) === shared) this.#look(shared)
      },
    )
  }

  /** Where Redis does not decide, the rolls stay as they are until they are read again. */
  #apply(shared: SharedChannel, change: Change): void {
    if (!this.#options.isLive()) return
    if (!shared.isLoaded && !shared.roll.isLoading) return // nobody waits for it yet
    if (!shared.roll.apply(change)) this.#look(shared)
  }
}

/** App ids and channel names hold no line break. */
export const topicOf = ({ appId, channel }: At): string => `${appId}\n${channel}`

function settle({ waiting }: Seat, outcome: Roll | 'full'): void {
  for (const resolve of waiting.splice(0)) resolve(outcome)
}
