/**
 * Lets every connection go, at a pace: clients come back at once and without jitter, and each brings
 * its channels' authorisations to the app.
 */
import type { Clock } from '../clock.ts'
import type { Connection } from '../hub/connection.ts'
import type { Hub } from '../hub/hub.ts'
import { CLOSE } from '../protocol/codes.ts'

const STEP_MILLISECONDS = 50

export interface DrainOptions {
  readonly closesPerSecond: number
  readonly windowSeconds: number
}

/**
 * Closes all connections with 4200, in random order, until none is left.
 * @param signal ends the pacing: whoever is left is closed at once
 */
export async function drain(
  hub: Hub,
  clock: Clock,
  options: DrainOptions,
  signal: AbortSignal,
): Promise<void> {
  const started = clock.now()
  let due = 0 // a slow pace owes less than one close per step
  while (!signal.aborted) {
    const waiting = [...hub.connections()]
    if (waiting.length === 0) return
    const left = started + options.windowSeconds * 1000 - clock.now()
    const stepsLeft = Math.max(1, left / STEP_MILLISECONDS)
    due += Math.max(
      (options.closesPerSecond * STEP_MILLISECONDS) / 1000,
      waiting.length / stepsLeft,
    )
    const closing = Math.floor(due)
    due -= closing
    for (const connection of pick(waiting, closing)) closeForRestart(connection)
    await pause(clock, STEP_MILLISECONDS, signal)
  }
  closeAll(hub)
}

/** Closes all connections with 4200 now. */
export function closeAll(hub: Hub): void {
  for (const connection of [...hub.connections()]) closeForRestart(connection)
}

const closeForRestart = (connection: Connection): void =>
  connection.close(CLOSE.RECONNECT, 'The server is restarting.')

/** As many at random: Fisher and Yates' shuffle, no further than it is needed. Takes them out of `waiting`. */
function pick(waiting: Connection[], count: number): Connection[] {
  const picked: Connection[] = []
  while (picked.length < count) {
    const last = waiting.pop()
    if (last === undefined) break
    const index = Math.floor(Math.random() * (waiting.length + 1))
    picked.push(waiting[index] ?? last)
    if (index < waiting.length) waiting[index] = last
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
