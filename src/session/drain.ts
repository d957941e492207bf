/**
 * Lets every connection go, at a pace: clients come back at once and without jitter, and each brings
 * its channels' authorisations to the app.
 */
import type { Clock } from '../clock.ts'
import type { Connection } from '../hub/connection.ts'
import type { Hub } from '../hub/hub.ts'
import { CLOSE } from '../protocol/codes.ts'

const STEP_MILLISECONDS = 50

/** How long a connection may take to read what waits for it before it is closed. */
const FLUSH_MILLISECONDS = 2000

/** How long requests may take to be answered once the connections are gone. */
const ANSWER_MILLISECONDS = 15_000

/** How often the channels are looked at for what each connection will bring to the app. */
const REVIEW_MILLISECONDS = 1000

/** How late an event loop may be before the pace falls, in seconds. */
const BEARABLE_DELAY_SECONDS = 0.1

/** The least that is left of the pace, however late the event loops are. */
const SLOWEST = 0.1

export interface DrainOptions {
  readonly closesPerSecond: number
  /** What the apps' endpoint can authorise, in channels. */
  readonly authorizationsPerSecond: number
  readonly windowSeconds: number
  /** When whoever is left is closed at once, whatever it has not read. */
  readonly stopSeconds: number
}

export interface DrainParts {
  readonly hub: Hub
  readonly clock: Clock
  readonly options: DrainOptions
  /** How many connections are accepted and wait to be established. They are established first. */
  readonly held: () => number
  /** How late the event loop is, in seconds: ours, or that of those who take the connections. */
  readonly pressure: () => number
  /** Ends the pacing: whoever is left is closed at once. */
  readonly signal: AbortSignal
}

/** Closes all connections with 4200, in random order, until none is left. */
export async function drain(parts: DrainParts): Promise<void> {
  const { hub, clock, options, signal } = parts
  const started = clock.now()
  const ends = (seconds: number): number => started + seconds * 1000
  const windowEnds = ends(Math.min(options.windowSeconds, options.stopSeconds))
  /** Not chosen yet. Who came since, or has gone by itself, is found when this is empty. */
  let waiting: Connection[] = []
  /** Chosen, and until when each may read what waits for it. */
  const flushing = new Map<Connection, number>()
  let due = 0 // a slow pace owes less than one close per step
  let perSecond = 0
  let reviewed = Number.NEGATIVE_INFINITY
  while (!signal.aborted && clock.now() < ends(options.stopSeconds)) {
    const now = clock.now()
    if (hub.connectionCount + parts.held() === 0) return
    if (waiting.length === 0) waiting = [...hub.connections()].filter((one) => !flushing.has(one))
    if (now - reviewed >= REVIEW_MILLISECONDS) {
      perSecond = pace(hub, options)
      reviewed = now
    }
    const stepsLeft = Math.max(1, (windowEnds - now) / STEP_MILLISECONDS)
    const eased = (perSecond * ease(parts.pressure()) * STEP_MILLISECONDS) / 1000
    due += Math.max(eased, (hub.connectionCount - flushing.size) / stepsLeft)
    const closing = Math.floor(due)
    due -= closing
    for (const one of pick(waiting, closing)) flushing.set(one, now + FLUSH_MILLISECONDS)
    for (const [one, deadline] of flushing) {
      if (one.bufferedBytes > 0 && now < deadline) continue
      flushing.delete(one)
      closeForRestart(one)
    }
    await pause(clock, STEP_MILLISECONDS, signal)
  }
  closeAll(hub)
}

/**
 * Waits until every request that has come in is answered; of one whose body does not come to an end,
 * not long. @param until no longer, in Unix time in milliseconds
 */
export async function answered(
  traffic: { readonly unanswered: number },
  { clock, signal, until }: { clock: Clock; signal: AbortSignal; until: number },
): Promise<void> {
  const end = Math.min(until, clock.now() + ANSWER_MILLISECONDS)
  while (traffic.unanswered > 0 && !signal.aborted && clock.now() < end) {
    await pause(clock, STEP_MILLISECONDS, signal)
  }
}

/** Closes all connections with 4200 now. */
export function closeAll(hub: Hub): void {
  for (const connection of [...hub.connections()]) closeForRestart(connection)
}

/**
 * Connections per second whose channels the app's endpoint can authorise: a client asks for each
 * channel that is not public, one request each.
 */
export function pace(hub: Hub, options: DrainOptions): number {
  let guarded = 0
  for (const { channels } of hub.lives()) {
    for (const { kind, count } of channels.values()) if (kind.name !== 'public') guarded += count
  }
  const authorizations = guarded / Math.max(1, hub.connectionCount)
  return Math.min(options.closesPerSecond, options.authorizationsPerSecond / authorizations)
}

/** What is left of the pace while an event loop is so late. @returns more than 0, up to 1 */
export function ease(delaySeconds: number): number {
  if (delaySeconds <= BEARABLE_DELAY_SECONDS) return 1
  return Math.max(SLOWEST, BEARABLE_DELAY_SECONDS / delaySeconds)
}

const closeForRestart = (connection: Connection): void =>
  connection.close(CLOSE.RECONNECT, 'The server is restarting.')

/**
 * As many at random: Fisher and Yates' shuffle, no further than it is needed. Takes them out of
 * `waiting`, and leaves aside who has gone by itself.
 */
function pick(waiting: Connection[], count: number): Connection[] {
  const picked: Connection[] = []
  while (picked.length < count) {
    const last = waiting.pop()
    if (last === undefined) break
    const index = Math.floor(Math.random() * (waiting.length + 1))
    const one = waiting[index] ?? last
    if (index < waiting.length) waiting[index] = last
    if (one.isEstablished) picked.push(one)
  }
  return picked
}

function pause(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(milliseconds, done)
    function done(): void {
      cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done)
  })
}
