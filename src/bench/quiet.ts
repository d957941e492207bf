/** Waiting for what is under way: until all has come, or nothing does any more. */

const LOOK_MILLISECONDS = 5

/**
 * @param isDone whether nothing is waited for any more
 * @param progress a number that changes as long as something comes
 * @returns once it is done, nothing has come for so long, or it is interrupted
 */
export async function quiet(
  isDone: () => boolean,
  progress: () => number,
  milliseconds: number,
  signal?: AbortSignal,
): Promise<void> {
  let seen = progress()
  let since = performance.now()
  while (!isDone() && signal?.aborted !== true) {
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_MILLISECONDS)
    })
    const now = performance.now()
    if (progress() !== seen) {
      seen = progress()
      since = now
    } else if (now - since > milliseconds) return
  }
}
