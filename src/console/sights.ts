/** What happens on the server, as `GET /tail` tells it: the newest, and a bounded number of them. */
import { signal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import type { Query } from './api.ts'
import { Follower } from './follow.ts'

export const KINDS = [
  'event',
  'subscribed',
  'unsubscribed',
  'connected',
  'disconnected',
  'signed-in',
  'refused',
  'dropped',
] as const
export type Kind = (typeof KINDS)[number]

/** As src/tail/watch.ts tells it; which fields there are depends on the kind. */
export interface Sight {
  readonly time: number
  readonly kind: Kind | 'missed'
  readonly app?: string
  readonly channel?: string
  readonly event?: string
  readonly source?: string
  readonly delivered?: number
  readonly bytes?: number
  readonly socketId?: string
  readonly exceptSocketId?: string
  readonly userId?: string
  readonly what?: string
  readonly reason?: string
  readonly code?: number
  readonly count?: number
  readonly data?: string
}

export interface Numbered extends Sight {
  readonly number: number
}

export const MOST_SIGHTS = 500
/** Rows are drawn so often at most. */
const DRAW_MILLISECONDS = 200

export class Sights {
  /** The newest first. */
  readonly rows = signal<readonly Numbered[]>([])
  /** How many have come while paused. */
  readonly waiting = signal(0)
  readonly isPaused = signal(false)
  #fresh: Numbered[] = []
  #count = 0
  #drawing: number | undefined

  readonly add = (sight: Sight): void => {
    this.#count += 1
    this.#fresh.push({ ...sight, number: this.#count })
    if (this.#fresh.length > 2 * MOST_SIGHTS) this.#fresh = this.#fresh.slice(-MOST_SIGHTS)
    if (this.isPaused.value) this.waiting.value += 1
    else this.#drawing ??= setTimeout(() => this.#draw(), DRAW_MILLISECONDS)
  }

  pause(isPaused: boolean): void {
    this.isPaused.value = isPaused
    if (!isPaused) this.#draw()
  }

  clear(): void {
    this.#fresh = []
    this.rows.value = []
    this.waiting.value = 0
  }

  #draw(): void {
    this.#drawing = undefined
    if (this.isPaused.value) return
    const fresh = this.#fresh.reverse()
    this.#fresh = []
    this.waiting.value = 0
    this.rows.value = [...fresh, ...this.rows.value].slice(0, MOST_SIGHTS)
  }
}

/** Follows what happens for as long as the page is shown. */
export function useSights(query: Query): { sights: Sights; follower: Follower } {
  const sights = useMemo(() => new Sights(), [])
  const follower = useMemo(
    () => new Follower('/tail', query, ({ data }) => sights.add(JSON.parse(data))),
    [],
  )
  const key = JSON.stringify(query)
  useEffect(() => {
    if (key !== JSON.stringify(follower.query)) follower.ask(query)
  }, [key])
  useEffect(() => () => follower.stop(), [])
  return { sights, follower }
}
