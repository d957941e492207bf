/** How long to wait before Redis is tried again. */
const FIRST_MS = 100
const LONGEST_MS = 2000

/** Doubles from attempt to attempt up to a bound; a random half of it, so that nodes spread out. @returns ms */
export function retryDelay(attempt: number): number {
  const longest = Math.min(FIRST_MS * 2 ** (attempt - 1), LONGEST_MS)
  return longest * (0.5 + Math.random() / 2)
}
