/**
 * One shard of what the nodes share, as this node takes part in it: its lease, and the rounds that renew it.
 *
 * States: `away` (Redis is lost: this node decides by itself), `registering` (a new incarnation is telling
 * Redis what it holds), `settling` (others may still be doing the same), `live`. Whatever goes wrong leads to
 * `away`, and from there a new incarnation leads back: what the one before it held is taken over, and what it
 * asked for late is refused.
 */
import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { type Clock, within } from '../clock.ts'
import { Departed } from './departed.ts'
import type { Durations } from './durations.ts'
import type { Holdings } from './holdings.ts'
import { Pipeline } from './pipeline.ts'
import type { Gone, Incarnation, Refused, Renewed, Store } from './store.ts'

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

export interface ShardNews {
  /** The shard is one of the group, or no longer. @param fault why not; undefined when the lease has ended */
  readonly live: (nodes: number) => void
  readonly lost: (fault: unknown) => void
  readonly gone: (gone: Gone) => void
}

type State = 'away' | 'registering' | 'settling' | 'live' | 'stopped'

const FAREWELL_MILLISECONDS = 2000

export class Shard {
  readonly pipeline: Pipeline
  readonly #parts: ShardParts
  readonly #departed: Departed
  #state: State = 'away'
  #incarnation: Incarnation | undefined
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

  constructor(parts: ShardParts) {
    this.#parts = parts
    const { store, durations, news, clock, log } = parts
    const lost = (fault: unknown): void => this.lost(fault)
    this.pipeline = new Pipeline({ store, refused: (reason) => this.#refused(reason), lost })
    this.#departed = new Departed({
      store,
      graceMilliseconds: durations.graceMilliseconds,
      isLive: () => this.isLive,
      gone: news.gone,
      lost,
      clock,
      log,
    })
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

  /** Somebody is to be told of as gone when the grace is over. */
  gone(): void {
    if (this.#stopRounds !== undefined) this.#departed.tellLater() // else others tell it
  }

  /** These may be other data than this node knows: asks now, so that it is back before others miss it. */
  doubt(): void {
    if (this.isLive) this.#beginRound()
  }

  /** Redis cannot be relied on. @param fault undefined where it said that the lease or the data are gone */
  lost(fault: unknown): void {
    const { holdings, news } = this.#parts
    if (this.#state === 'away' || this.#state === 'stopped') return
    this.#state = 'away'
    this.pipeline.drop()
    this.#cancelSettling?.()
    this.#cancelSettling = undefined
    holdings.freeze()
    news.lost(fault)
    if (fault === undefined) this.#begin()
    else this.#retryLater()
  }

  /** Hands over to whoever is left. @param lingerMilliseconds for what is still held */
  async stop(lingerMilliseconds: number): Promise<void> {
    const { store, clock, holdings } = this.#parts
    const wasAway = this.#state === 'away'
    this.#stopRounds?.()
    this.#stopRounds = undefined
    this.#cancelRetry?.()
    this.#cancelSettling?.()
    this.#departed.stop()
    if (!wasAway) await within(clock, FAREWELL_MILLISECONDS, this.pipeline.emptied())
    const incarnation = this.#incarnation
    this.#state = 'stopped'
    this.pipeline.close()
    await this.#round
    if (wasAway || incarnation === undefined) return
    try {
      await store.retire(incarnation.id, holdings.size() === 0 ? 0 : lingerMilliseconds)
      if (holdings.size() === 0) await store.reap(incarnation.id)
    } catch {
      // Its lease ends by itself where Redis does not answer.
    }
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

  #retryLater(): void {
    const { clock, durations } = this.#parts
    this.#cancelRetry ??= clock.after(durations.retryMilliseconds, () => {
      this.#cancelRetry = undefined
      this.#begin()
    })
  }

  #begin(): void {
    if (this.#isBeginning || this.#state !== 'away') return
    this.#isBeginning = true
    this.#cancelRetry?.()
    this.#cancelRetry = undefined
    this.#register()
      .catch((fault: unknown) => {
        if (this.#isState('stopped')) return
        this.lost(fault) // where it had got as far as registering
        this.#parts.news.lost(fault)
      })
      .finally(() => {
        this.#isBeginning = false
        if (this.#state === 'away' && this.#stopRounds !== undefined) this.#retryLater()
      })
  }

  /** Takes a new incarnation and tells Redis what it holds. */
  async #register(): Promise<void> {
    const { store, node, about, holdings, clock, durations } = this.#parts
    const before = this.#incarnation
    if (this.#nextId === undefined) this.#incarnations += 1
    const id = `${node}-${this.#incarnations}`
    this.#nextId = id
    const askedAt = clock.now()
    const begun = await store.begin(id, randomUUID(), about, before?.id ?? '')
    this.#heldAt = askedAt
    this.#nextId = undefined
    if (!this.#isState('away')) return // stopped meanwhile
    const incarnation = { id, generation: begun.generation }
    this.#incarnation = incarnation
    this.#state = 'registering'
    this.pipeline.open(incarnation)
    holdings.register()
    if (before === undefined) {
      this.#nodes = await this.#departed.removeAll(incarnation)
    } else {
      for await (const entries of store.entries(id)) {
        for (const entry of entries) if (!holdings.holds(entry)) holdings.discard(entry)
      }
    }
    await this.pipeline.emptied()
    if (this.#incarnation !== incarnation || !this.#isState('registering')) return
    const isShort =
      before === undefined || (begun.hasHeld && before.generation === incarnation.generation)
    if (isShort) this.#goLive()
    else {
      this.#state = 'settling'
      this.#cancelSettling = clock.after(durations.settleMilliseconds, () => this.#goLive())
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
    const { sent, isQuiet } = this.pipeline
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
    if (isQuiet && this.pipeline.isQuiet && this.pipeline.sent === sent) this.#compare(renewed)
    await this.#departed.remove(renewed.ended)
    if (renewed.due > 0) await this.#departed.tell()
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

  /** What the state is now, whatever it was before something was awaited. */
  #isState(state: State): boolean {
    return this.#state === state
  }
}
