/** Phases in which connections ask for something and are answered: one question at a time each. */
import type { Fleet, Listener } from './fleet.ts'
import { Measure, type Measured } from './measure.ts'
import { Pacer } from './pacer.ts'
import type { Peer } from './peer.ts'
import { quiet } from './quiet.ts'

/** Who does not answer for so long will not. */
const ANSWER_MILLISECONDS = 10_000

export interface Asking {
  readonly fleet: Fleet
  readonly signal: AbortSignal
  /** Questions per second; 0 for as fast as they are answered. */
  readonly rate: number
  /** Questions that may be open at a time, where there is no rate. */
  readonly parallel: number
  readonly count: number
  readonly seconds: number
  /** Asks the next question. @returns who asked; 'wait' when nobody can at the moment, 'void' when it is in vain */
  ask(dueMicroseconds: number): Peer | 'wait' | 'void'
  /** The question of this connection has been answered. */
  answered?(peer: Peer): void
  /** What else belongs to the phase, and is waited for. */
  presence?(peer: Peer, isJoin: boolean, measure: Measure): void
  /** Waits for what comes after the last answer. */
  settled?(measure: Measure): Promise<void>
}

/** Asks until it is over. @returns what has come of it: operations are questions */
export async function ask(asking: Asking): Promise<Measured> {
  const { fleet, signal, rate, parallel, count, seconds } = asking
  const measure = new Measure()
  let open = 0
  const pacer = new Pacer(
    { rate, count, seconds },
    {
      self: measure.self,
      signal,
      act: (due) => {
        if (rate === 0 && open >= parallel) return false
        const who = asking.ask(due)
        if (who === 'wait') return false
        if (who === 'void') measure.errors.add('not connected')
        else {
          who.askedAt = due
          open += 1
        }
        return true
      },
    },
  )
  const listener: Listener = {
    measure,
    answered: (peer, isDone) => {
      if (peer.askedAt >= 0) {
        open -= 1
        if (isDone) {
          measure.happen(peer.askedAt)
          asking.answered?.(peer)
        }
        peer.askedAt = -1
      }
      pacer.wake()
    },
    presence: (peer, isJoin) => {
      asking.presence?.(peer, isJoin, measure)
      pacer.wake()
    },
  }
  fleet.listen(listener)
  const asked = await pacer.run()
  await quiet(
    () => open === 0,
    () => measure.happened,
    ANSWER_MILLISECONDS,
    signal,
  )
  for (const peer of fleet.peers) {
    if (peer.askedAt < 0) continue
    peer.askedAt = -1
    if (!signal.aborted) measure.errors.add('no answer')
  }
  await asking.settled?.(measure)
  const unanswered = signal.aborted ? open : 0
  return measure.end({ operations: asked, expected: asked - unanswered })
}
