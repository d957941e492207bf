/**
 * Does something at a rate, or as fast as it can be done, and says by which time each was due.
 *
 * What could not be done when it was due is done as soon as it can be, and keeps the time at which it
 * was due: latencies count from there (no coordinated omission).
 */
import { availableParallelism } from 'node:os'
import { nowMicroseconds, record } from './latency.ts'
import type { SelfWatch } from './self.ts'

export interface Pace {
  /** Per second; 0 for as fast as it can be done. */
  readonly rate: number
  readonly count: number
  /** It ends after this long, whatever is left. */
  readonly seconds: number
}

/** Does one. @returns whether it was done; if not, `wake` is called when it can be */
export type Act = (dueMicroseconds: number) => boolean

/** Reading is never put off for longer than this many. */
const BURST = 256
/** A timer may be this late; what is due sooner is looked out for. */
const TIMER_MICROSECONDS = 2000
/** Where there is no CPU to spare, looking out would take it from the server. */
const MAY_SPIN = availableParallelism() > 1

export class Pacer {
  readonly #pace: Pace
  readonly #act: Act
  readonly #self: SelfWatch
  readonly #signal: AbortSignal
  readonly #start = nowMicroseconds()
  #done = 0
  /** Since when it can be done; until then being late is not this thread's fault. */
  #possibleSince = 0
  #isBlocked = false
  #isActing = false
  #cancel: (() => void) | undefined
  #finish: () => void = () => {}
  #news = 0

  constructor(
    pace: Pace,
    {
      act,
      self,
      signal,
    }: { readonly act: Act; readonly self: SelfWatch; readonly signal: AbortSignal },
  ) {
    this.#pace = pace
    this.#act = act
    this.#self = self
    this.#signal = signal
  }

  get done(): number {
    return this.#done
  }

  /** Until all are done, the time is over, or it is interrupted. @returns how many were done */
  async run(): Promise<number> {
    const isOver = new Promise<void>((resolve) => {
      this.#finish = resolve
    })
    const end = setTimeout(() => this.#end(), this.#pace.seconds * 1000)
    this.#signal.addEventListener('abort', this.#finish)
    if (this.#signal.aborted) this.#finish()
    this.#tick()
    await isOver
    clearTimeout(end)
    this.#signal.removeEventListener('abort', this.#finish)
    this.#cancel?.()
    this.#isBlocked = false
    this.#finish = () => {}
    return this.#done
  }

  /** What it waited for has happened, perhaps. */
  wake(): void {
    this.#news += 1
    if (!this.#isBlocked || this.#isActing) return
    this.#possibleSince = nowMicroseconds()
    this.#tick()
  }

  #tick(): void {
    const { rate, count } = this.#pace
    this.#isActing = true
    this.#isBlocked = false
    const now = nowMicroseconds()
    for (let burst = 0; burst < BURST && this.#done < count; burst += 1) {
      const due = rate === 0 ? now : this.#dueAt(this.#done)
      if (due > now) break
      if (!this.#act(due)) {
        this.#isBlocked = true
        break
      }
      this.#done += 1
      if (rate > 0) record(this.#self.lag, now - Math.max(due, Math.min(now, this.#possibleSince)))
    }
    this.#isActing = false
    if (this.#done >= count) this.#finish()
    else if (!this.#isBlocked) this.#waitUntilDue(now)
  }

  /** The time is over: what was due in it, and only waits for its turn, is done still. */
  #end(): void {
    this.#cancel?.()
    if (this.#pace.rate > 0 && !this.#isBlocked) this.#tick()
    this.#finish()
  }

  #dueAt(index: number): number {
    return this.#start + (index * 1e6) / this.#pace.rate
  }

  #waitUntilDue(now: number): void {
    const wait = this.#pace.rate === 0 ? 0 : this.#dueAt(this.#done) - now
    if (wait > TIMER_MICROSECONDS || (!MAY_SPIN && wait > 0)) {
      const timer = setTimeout(() => this.#tick(), Math.max(1, (wait - TIMER_MICROSECONDS) / 1000))
      this.#cancel = () => clearTimeout(timer)
    } else this.#spin(this.#news)
  }

  #spin(news: number): void {
    const since = performance.now()
    const immediate = setImmediate(() => {
      const now = performance.now()
      if (news === this.#news) this.#self.spun(now - since)
      if (this.#pace.rate === 0 || nowMicroseconds() >= this.#dueAt(this.#done)) this.#tick()
      else this.#spin(this.#news)
    })
    this.#cancel = () => clearImmediate(immediate)
  }
}
