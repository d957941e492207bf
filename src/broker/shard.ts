/**
 * One shard of what the nodes share, as this node takes part in it: its lease, the operations on their
 * way to Redis, and the rounds that look after those who have died.
 *
 * States: `away` (Redis is lost: this node decides by itself), `registering` (a new incarnation is telling
 * Redis what it holds), `settling` (others may still be doing the same), `live`. Whatever goes wrong leads to
 * `away`, and from there a new incarnation leads back: what the one before it held is taken over, and what it
 * asked for late is refused.
 */
import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { Operation } from './operations.ts'
import {
  type Gone,
  type Incarnation,
  isUnknownScript,
  type Refused,
  type Renewed,
  type Store,
} from './store.ts'

export interface Durations {
  readonly leaseMilliseconds: number
  readonly renewMilliseconds: number
  /** How long others get to come back as well, before those who have not are taken for gone. */
  readonly settleMilliseconds: number
  readonly graceMilliseconds: number
  /** Between attempts to begin again. */
  readonly retryMilliseconds: number
  /** Between looking whether something was missed. */
  readonly reviewMilliseconds: number
}

export interface ShardParts {
  readonly store: Store
  /** Of this process. */
  readonly node: string
  /** What it says of itself to operators, JSON. */
  readonly about: string
  readonly durations: Durations
  /** How late this node's event loop is. */
  readonly delayMilliseconds: () => number
  readonly holdings: Holdings
  readonly news: ShardNews
  readonly clock: Clock
  readonly log: Logger
}

/** What this node holds in the shard. */
export interface Holdings {
  /** Asks for all of it to be in Redis. */
  register(): void
  /** Redis is lost: nothing that was asked for is going to be answered. */
  freeze(): void
  /** Something may have been missed: reads anew what others hold. */
  look(): void
  /** As `look`, where it turns out that something was missed. */
  review(): Promise<void>
  /** Whether this node holds it. */
  holds(entry: Held): boolean
  discard(entry: Held): void
  /** How many entries there should be. */
  size(): number
}

interface Held {
  readonly appId: string
  readonly channel: string
  readonly userId?: string
}

export interface ShardNews {
  /** The shard is one of the group, or no longer. @param fault why not; undefined when the lease has ended */
  readonly live: (nodes: number) => void
  readonly lost: (fault: unknown) => void
  readonly gone: (gone: Gone) => void
}

type State = 'away' | 'registering' | 'settling' | 'live' | 'stopped'

interface Item {
  readonly operation: () => Operation
  readonly done: (answer: unknown) => void
}

interface Sent {
  readonly operation: Operation
  readonly done: (answer: unknown) => void
}

/** More wait until one is answered, so that a Redis that is slow is not buried. */
const CALLS_UNDER_WAY = 8

/** Of one call; each is a few microseconds of Redis. */
const OPERATIONS_AT_ONCE = 200
/** User infos are at most `limits.presenceMemberBytes`; a call may hold one more than this, in UTF-16 units. */
const CALL_LENGTH = 512 * 1024
/** A call of REAP takes a few milliseconds. */
const REAPED_PER_ROUND = 100
const FAREWELL_MILLISECONDS = 2000

const LOOK_AT_NOTHING = { type: 'look', appId: '', channel: '' } as const

export class Shard {
  readonly #parts: ShardParts
  #state: State = 'away'
  #incarnation: Incarnation | undefined
  #queue: Item[] = []
  /** Who waits for what is asked for by now. */
  readonly #awaiting = new Set<() => void>()
  #isScheduled = false
  /** Calls that have not been answered. */
  #underWay = 0
  /** Whether Redis has had the script of this incarnation's operations. */
  #isScriptKnown = false
  /** How many operations have been sent, ever. */
  #sent = 0
  #incarnations = 0
  /** Of an incarnation that may have begun: Redis did not say. */
  #nextId: string | undefined
  #isBeginning = false
  #round: Promise<void> | undefined
  #reviewedAt = 0
  #nodes = 0
  #latestMilliseconds = 0
  /** When the lease was last asked for and given. */
  #heldAt = 0
  #stopRounds: (() => void) | undefined
  #cancelRetry: (() => void) | undefined
  #cancelSettling: (() => void) | undefined
  #cancelTelling: (() => void) | undefined

  constructor(parts: ShardParts) {
    this.#parts = parts
  }

  get state(): State {
    return this.#state
  }

  /** Not when the lease may have ended: who has slept must not believe what it then hears of its own death. */
  get isLive(): boolean {
    const { clock, durations } = this.#parts
    return this.#state === 'live' && clock.now() - this.#heldAt < durations.leaseMilliseconds
  }

  /** How many nodes hold a lease, this one included; as of the last round. */
  get nodes(): number {
    return this.#nodes
  }

  /** How late the event loop of the latest of the other nodes is; as of the last round. */
  get latestMilliseconds(): number {
    return this.#latestMilliseconds
  }

  /** Who this node is to the others; undefined before it has been one of them. */
  get incarnationId(): string | undefined {
    return this.#incarnation?.id
  }

  /** Which data these are. */
  get generation(): string | undefined {
    return this.#incarnation?.generation
  }

  /** Call when the connection is ready for the first time. */
  start(): void {
    const { clock, durations } = this.#parts
    this.#stopRounds ??= clock.every(durations.renewMilliseconds, () => this.#beginRound())
    this.#begin()
  }

  /** The connection is there again. */
  connected(): void {
    if (this.#state === 'away' && this.#stopRounds !== undefined) this.#begin()
  }

  /** Asks Redis for an operation, with all others of this turn of the event loop. Nothing while it is away. */
  enqueue(operation: () => Operation, done: (answer: unknown) => void): void {
    if (this.#state === 'away' || this.#state === 'stopped') return
    this.#queue.push({ operation, done })
    this.#schedule()
  }

  /** Somebody is to be told of as gone when the grace is over. */
  gone(): void {
    const { clock, durations } = this.#parts
    if (this.#stopRounds === undefined) return // others tell it
    this.#cancelTelling ??= clock.after(durations.graceMilliseconds + 1, () => {
      this.#cancelTelling = undefined
      this.#tellGone().catch((fault) => this.lost(fault))
    })
  }

  /** These may be other data than this node knows: asks now, so that it is back before others miss it. */
  doubt(): void {
    if (this.isLive) this.#beginRound()
  }

  /** Redis cannot be relied on. @param fault undefined where it said that the lease or the data are gone */
  lost(fault: unknown): void {
    const { clock, durations, holdings, news } = this.#parts
    if (this.#state === 'away' || this.#state === 'stopped') return
    this.#state = 'away'
    this.#queue = []
    for (const resolve of this.#awaiting) resolve()
    this.#awaiting.clear()
    this.#cancelSettling?.()
    this.#cancelSettling = undefined
    holdings.freeze()
    news.lost(fault)
    if (fault === undefined) this.#begin()
    else this.#cancelRetry ??= clock.after(durations.retryMilliseconds, () => this.#retry())
  }

  /** Hands over to whoever is left. @param lingerMilliseconds for what is still held */
  async stop(lingerMilliseconds: number): Promise<void> {
    const { store, clock, holdings } = this.#parts
    const wasAway = this.#state === 'away'
    this.#stopRounds?.()
    this.#stopRounds = undefined
    this.#cancelRetry?.()
    this.#cancelSettling?.()
    this.#cancelTelling?.()
    if (!wasAway) {
      await within(clock, FAREWELL_MILLISECONDS, this.emptied())
    }
    const incarnation = this.#incarnation
    this.#state = 'stopped'
    await this.#round
    if (wasAway || incarnation === undefined) return
    try {
      await store.retire(incarnation.id, holdings.size() === 0 ? 0 : lingerMilliseconds)
      if (holdings.size() === 0) await store.reap(incarnation.id)
    } catch {
      // Its lease ends by itself where Redis does not answer.
    }
  }

  /** Resolves when all that was asked for by now is done, or is not going to be. */
  emptied(): Promise<void> {
    if (this.#isState('away') || this.#isState('stopped')) return Promise.resolve()
    return new Promise((resolve) => {
      this.#awaiting.add(resolve)
      this.enqueue(
        () => LOOK_AT_NOTHING,
        () => {
          this.#awaiting.delete(resolve)
          resolve()
        },
      )
    })
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#sendQueue()
    })
  }

  /** Sends what is queued. Calls follow each other without waiting: Redis does them in order. */
  #sendQueue(): void {
    const incarnation = this.#incarnation
    if (incarnation === undefined || this.#isState('away') || this.#isState('stopped')) return
    const most = this.#isScriptKnown ? CALLS_UNDER_WAY : 1
    while (this.#queue.length > 0 && this.#underWay < most) {
      this.#underWay += 1
      void this.#send(incarnation, this.#take()).then(() => {
        this.#underWay -= 1
        if (this.#queue.length > 0) this.#sendQueue()
      })
    }
  }

  /** Never rejects: what goes wrong loses Redis. */
  async #send(incarnation: Incarnation, items: readonly Sent[]): Promise<void> {
    this.#sent += items.length
    const operations = items.map(({ operation }) => operation)
    const isKnown = this.#isScriptKnown
    try {
      const answers = await this.#parts.store.apply(incarnation, operations, isKnown)
      if (this.#incarnation !== incarnation || this.#isState('away')) return // lost meanwhile
      if (answers === 'lease' || answers === 'gen') {
        this.#refused(answers)
        return
      }
      this.#isScriptKnown = true
      for (const [index, { done }] of items.entries()) done(answers[index])
    } catch (fault) {
      if (this.#incarnation !== incarnation) return
      if (isUnknownScript(fault)) this.lost(undefined)
      else this.lost(fault)
    }
  }

  #take(): Sent[] {
    const items: Sent[] = []
    let length = 0
    for (const { operation: make, done } of this.#queue) {
      if (items.length === OPERATIONS_AT_ONCE || length > CALL_LENGTH) break
      const operation = make()
      if (operation.type === 'enter') length += operation.member.userInfo.length
      items.push({ operation, done })
    }
    this.#queue.splice(0, items.length)
    return items
  }

  #refused(reason: Refused): void {
    this.#parts.log.warn(
      { reason },
      reason === 'lease'
        ? "this node's lease has ended before it was renewed: it registers again"
        : 'Redis has lost its data: this node registers again',
    )
    this.lost(undefined)
  }

  #retry(): void {
    this.#cancelRetry = undefined
    this.#begin()
  }

  #begin(): void {
    if (this.#isBeginning || this.#state !== 'away') return
    this.#isBeginning = true
    this.#cancelRetry?.()
    this.#cancelRetry = undefined
    const { clock, durations } = this.#parts
    this.#register()
      .catch((fault: unknown) => {
        if (this.#isState('stopped')) return
        this.lost(fault) // where it had got as far as registering
        this.#parts.news.lost(fault)
        this.#cancelRetry ??= clock.after(durations.retryMilliseconds, () => this.#retry())
      })
      .finally(() => {
        this.#isBeginning = false
        if (this.#state === 'away' && this.#stopRounds !== undefined) {
          this.#cancelRetry ??= clock.after(durations.retryMilliseconds, () => this.#retry())
        }
      })
  }

  /** Takes a new incarnation and tells Redis what it holds. */
  async #register(): Promise<void> {
    const { store, node, about, holdings, clock } = this.#parts
    const before = this.#incarnation
    if (this.#nextId === undefined) this.#incarnations += 1
    const id = `${node}-${this.#incarnations}`
    this.#nextId = id
    const askedAt = clock.now()
    const begun = await store.begin(id, randomUUID(), about, before?.id ?? '')
    this.#heldAt = askedAt
    this.#nextId = undefined
    if (!this.#isState('away')) return // stopped meanwhile
    const { generation } = begun
    const incarnation = { id, generation }
    this.#incarnation = incarnation
    this.#isScriptKnown = false
    this.#state = 'registering'
    holdings.register()
    if (before === undefined) {
      await this.#clearAway(incarnation)
    } else {
      for await (const entries of store.entries(id)) {
        for (const entry of entries) if (!holdings.holds(entry)) holdings.discard(entry)
      }
    }
    await this.emptied()
    if (this.#incarnation !== incarnation || !this.#isState('registering')) return
    const isShort =
      before === undefined || (begun.hasHeld && before.generation === incarnation.generation)
    if (isShort) this.#goLive()
    else {
      this.#state = 'settling'
      const { durations } = this.#parts
      this.#cancelSettling = clock.after(durations.settleMilliseconds, () => this.#goLive())
    }
  }

  /** At the first start: what those have left who died while nobody was there. */
  async #clearAway(incarnation: Incarnation): Promise<void> {
    for (let round = 0; round < REAPED_PER_ROUND; round += 1) {
      const renewed = await this.#parts.store.renew(incarnation, 0)
      this.#nodes = renewed.holding
      if (renewed.ended.length === 0) return
      await this.#reap(renewed.ended)
    }
  }

  #goLive(): void {
    this.#cancelSettling = undefined
    this.#state = 'live'
    this.#reviewedAt = this.#parts.clock.now()
    this.#parts.holdings.look()
    this.#parts.news.live(this.#nodes)
  }

  #beginRound(): void {
    if (this.#round !== undefined || this.#isState('away') || this.#isState('stopped')) return
    const round = this.#renew()
      .catch((fault: unknown) => this.lost(fault))
      .finally(() => {
        this.#round = undefined
      })
    this.#round = round
  }

  /** Renews the lease, and looks after what others have left. */
  async #renew(): Promise<void> {
    const { store, clock, durations, holdings } = this.#parts
    const incarnation = this.#incarnation
    if (incarnation === undefined) return
    const sent = this.#sent
    const isQuiet = this.#queue.length === 0 && this.#underWay === 0
    const askedAt = clock.now()
    const renewed = await store.renew(incarnation, this.#parts.delayMilliseconds())
    if (this.#incarnation !== incarnation || this.#isState('away')) return
    if (renewed.outcome !== 'ok') {
      this.#refused(renewed.outcome)
      return
    }
    const wasLate = this.#isState('live') && !this.isLive
    this.#heldAt = askedAt
    this.#nodes = renewed.holding
    this.#latestMilliseconds = renewed.latestMilliseconds
    if (!this.isLive) return
    if (wasLate) holdings.look() // what was heard meanwhile was not believed
    if (isQuiet && sent === this.#sent && this.#queue.length === 0) this.#compare(renewed)
    await this.#reap(renewed.ended)
    if (renewed.due > 0) await this.#tellGone()
    if (clock.now() - this.#reviewedAt < durations.reviewMilliseconds) return
    this.#reviewedAt = clock.now()
    await holdings.review()
  }

  /** Nothing is on its way, so Redis has to have what this node holds. */
  #compare({ entries }: Renewed): void {
    const { holdings, log } = this.#parts
    if (entries === holdings.size()) return
    log.warn(
      { inRedis: entries, here: holdings.size() },
      'Redis has something else than this node holds: it registers again',
    )
    this.lost(undefined)
  }

  /** In any order, so that those who do it at once begin in different places. */
  async #reap(ended: readonly string[]): Promise<void> {
    const start = Math.floor(Math.random() * ended.length)
    for (const dead of [...ended.slice(start), ...ended.slice(0, start)]) {
      let left = 1
      for (let round = 0; left > 0 && round < REAPED_PER_ROUND; round += 1) {
        left = await this.#parts.store.reap(dead)
      }
      this.#parts.log.info({ incarnation: dead }, 'a node is gone; its members are removed')
    }
  }

  async #tellGone(): Promise<void> {
    if (!this.isLive) return
    for (const gone of await this.#parts.store.takeGone()) this.#parts.news.gone(gone)
  }

  /** What the state is now, whatever it was before something was awaited. */
  #isState(state: State): boolean {
    return this.#state === state
  }
}

/** Resolves when the work is done, or the time is over. */
async function within(clock: Clock, milliseconds: number, work: Promise<void>): Promise<void> {
  let cancel = (): void => {}
  const over = new Promise<void>((resolve) => {
    cancel = clock.after(milliseconds, resolve)
  })
  await Promise.race([work, over])
  cancel()
}
