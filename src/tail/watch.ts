/**
 * One viewer of one process: what it wants to see, in batches, and never more than it is given time for.
 */
import type { Clock } from '../clock.ts'
import type { Observed, Observers } from '../hub/observation.ts'
import { type Filter, wants } from './filter.ts'
import { redacted } from './redaction.ts'

/** As a viewer gets it; `missed` stands for so many that came too fast. */
export type Sight =
  | (WithoutData<Observed> & { readonly data?: string | undefined })
  | { readonly kind: 'missed'; readonly time: number; readonly count: number }

type WithoutData<Seen> = Seen extends unknown ? Omit<Seen, 'data'> : never

export type Watch = (filter: Filter, tell: (batch: readonly Sight[]) => void) => () => void

/** Soon enough for whoever reads, and few wake-ups. */
const BATCH_MILLISECONDS = 200
/** Ten thousand a second: more than anybody reads, and little to carry. */
const MOST_IN_BATCH = 2000

/** @returns what ends it */
export function watchHere(
  observers: Observers,
  clock: Clock,
  ...[filter, tell]: Parameters<Watch>
): () => void {
  let batch: Sight[] = []
  let missed = 0
  let cancel: (() => void) | undefined
  const flush = (): void => {
    cancel = undefined
    const told = batch
    batch = []
    if (missed > 0) told.push({ kind: 'missed', time: clock.now(), count: missed })
    missed = 0
    tell(told)
  }
  const end = observers.add((observed) => {
    if (!wants(filter, observed)) return
    cancel ??= clock.after(BATCH_MILLISECONDS, flush)
    if (batch.length < MOST_IN_BATCH) batch.push(shown(observed, filter))
    else missed += 1
  })
  return () => {
    end()
    cancel?.()
  }
}

function shown(observed: Observed, { payloads = false }: Filter): Sight {
  if (observed.kind !== 'event') return observed
  // An own copy each: another viewer may be shown more. JSON leaves out what is undefined.
  return { ...observed, data: payloads ? redacted(observed.channel, observed.data) : undefined }
}
