/**
 * How long to wait before what failed is tried again: doubles from attempt to attempt up to a bound; a
 * random half of it, so that those who wait spread out.
 *
 * @param attempt from 1
 * @returns milliseconds
 */
export function backoff(
  attempt: number,
  firstMilliseconds: number,
  longestMilliseconds: number,
): number {
  const longest = Math.min(firstMilliseconds * 2 ** (attempt - 1), longestMilliseconds)
  return longest * (0.5 + Math.random() / 2)
}
