/**
 * Whether anybody still reads standard output: `| head` closes it when it has seen enough.
 *
 * That is no fault. A command that ends by itself goes on to its end, unread; one that shows what goes
 * on ends, or nobody would ever end it.
 */
import { setTimeout as pause } from 'node:timers/promises'

const gone = new AbortController()

/** Aborted when nobody reads any more. */
export const readerGone: AbortSignal = gone.signal

/** Begins to look. Called once, before anything is printed. */
export function watchReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    gone.abort()
  })
}

/** Waits so long, or until nobody reads. @returns whether somebody does */
export async function pauseWhileRead(milliseconds: number): Promise<boolean> {
  await pause(milliseconds, undefined, { signal: readerGone }).catch((fault: Error) => {
    if (!readerGone.aborted) throw fault
  })
  return !readerGone.aborted
}
