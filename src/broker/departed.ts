/**
 * Those who have gone from a shard: what dead nodes have left is removed, and who has not come back when
 * the grace is over is told of. Every node looks after that; Redis lets one do each thing.
 */
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { Gone, Incarnation, Store } from './store.ts'

export interface DepartedParts {
  readonly store: Store
  readonly graceMilliseconds: number
  /** Whether this node may tell of anybody. */
  readonly isLive: () => boolean
  readonly gone: (gone: Gone) => void
  readonly lost: (fault: unknown) => void
  readonly clock: Clock
  readonly log: Logger
}

/** A call of REAP takes a few milliseconds. */
const REAPED_PER_ROUND = 100

export class Departed {
  readonly #parts: DepartedParts
  #cancelTelling: (() => void) | undefined

  constructor(parts: DepartedParts) {
    this.#parts = parts
  }

  /** Somebody is to be told of as gone when the grace is over. */
  tellLater(): void {
    const { clock, graceMilliseconds, lost } = this.#parts
    this.#cancelTelling ??= clock.after(graceMilliseconds + 1, () => {
      this.#cancelTelling = undefined
      this.tell().catch(lost)
    })
  }

  /** Tells of those whose grace is over. */
  async tell(): Promise<void> {
    const { store, isLive, gone } = this.#parts
    if (!isLive()) return
    for (const one of await store.takeGone()) gone(one)
  }

  /** Removes what dead incarnations have left, in any order: those who do it at once begin in different places. */
  async remove(ended: readonly string[]): Promise<void> {
    const start = Math.floor(Math.random() * ended.length)
    for (const dead of [...ended.slice(start), ...ended.slice(0, start)]) {
      let left = 1
      for (let round = 0; left > 0 && round < REAPED_PER_ROUND; round += 1) {
        left = await this.#parts.store.reap(dead)
      }
      this.#parts.log.info({ incarnation: dead }, 'a node is gone; its members are removed')
    }
  }

  /** Removes what those have left who died while nobody was there. @returns how many nodes hold a lease */
  async removeAll(incarnation: Incarnation): Promise<number> {
    let holding = 0
    for (let round = 0; round < REAPED_PER_ROUND; round += 1) {
      const renewed = await this.#parts.store.renew(incarnation, 0)
      holding = renewed.holding
      if (renewed.ended.length === 0) break
      await this.remove(renewed.ended)
    }
    return holding
  }

  /** Others tell of whoever is still to be told of. */
  stop(): void {
    this.#cancelTelling?.()
  }
}
