/** A list of the server's, page by page, and again when its figures say that something has changed. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { ask, type Query, reasonOf, type SilentNodes } from './api.ts'
import { latest, type Sample } from './samples.ts'

const PAGE_ROWS = 100
const MOST_ROWS = 1000
/** A list is not asked for again sooner. */
const FRESH_MILLISECONDS = 3000

export interface Rows<Row> {
  readonly rows: readonly Row[]
  /** Whether there are more that can be asked for. */
  readonly hasMore: boolean
  readonly silentNodes: SilentNodes
  readonly problem: string | undefined
  /** Until the first answer. */
  readonly isLoading: boolean
  readonly showMore: () => void
  readonly reload: () => void
}

interface Loaded<Row> {
  readonly rows: readonly Row[]
  readonly more: string | null
  readonly silentNodes: SilentNodes
  readonly problem?: string
}

/**
 * @param name of the rows in the answer
 * @param query undefined to ask for nothing
 */
export function useRows<Row>(path: string, name: string, query: Query | undefined): Rows<Row> {
  const [loaded, setLoaded] = useState<Loaded<Row>>()
  const asked = useRef({
    at: 0,
    sample: undefined as Sample | undefined,
    request: new AbortController(),
  })
  const key = JSON.stringify([path, query])

  const load = async (wanted: number, kept: readonly Row[], after?: string): Promise<void> => {
    if (query === undefined) return
    asked.current.request.abort()
    const request = new AbortController()
    asked.current = { at: Date.now(), sample: latest.peek(), request }
    try {
      const limit = String(Math.min(wanted, MOST_ROWS))
      const answer = await ask<Record<string, unknown>>(
        path,
        { ...query, limit, after },
        request.signal,
      )
      const rows = answer[name] as readonly Row[]
      const { more = null, silentNodes = [] } = answer as unknown as Loaded<Row>
      setLoaded({ rows: [...kept, ...rows], more, silentNodes })
    } catch (fault) {
      if (request.signal.aborted) return // another request has taken its place
      setLoaded((before) => ({
        rows: before?.rows ?? [],
        more: null,
        silentNodes: [],
        problem: reasonOf(fault),
      }))
    }
  }
  const reload = (): void => void load(Math.max(loaded?.rows.length ?? 0, PAGE_ROWS), [])

  useEffect(() => {
    // What was there stays until the answer is: rows that vanish would take the focus with them.
    void load(PAGE_ROWS, [])
    return () => asked.current.request.abort()
  }, [key])

  const sample = latest.value
  useEffect(() => {
    const { at, sample: before } = asked.current
    if (loaded === undefined || Date.now() - at < FRESH_MILLISECONDS) return
    if (loaded.problem !== undefined || hasChanged(before, sample)) reload()
  }, [sample])

  return {
    rows: loaded?.rows ?? [],
    hasMore: loaded !== undefined && loaded.more !== null,
    silentNodes: loaded?.silentNodes ?? [],
    problem: loaded?.problem,
    isLoading: loaded === undefined,
    showMore: () => {
      if (loaded?.more) void load(PAGE_ROWS, loaded.rows, loaded.more)
    },
    reload,
  }
}

function hasChanged(before: Sample | undefined, now: Sample | undefined): boolean {
  if (before === undefined || now === undefined) return true
  return (
    now.opened > 0 ||
    now.closed > 0 ||
    now.connections !== before.connections ||
    now.subscriptions !== before.subscriptions
  )
}
