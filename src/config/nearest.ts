/**
 * The known word that was probably meant, for "did you mean".
 */

/** @returns the word of `known` closest to `word`, or undefined when none is close. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let closest: string | undefined
  let least = Math.max(word.length < 4 ? 1 : 2, Math.floor(word.length / 3)) + 1
  for (const candidate of known) {
    const edits = distance(word.toLowerCase(), candidate.toLowerCase())
    if (edits < least) {
      least = edits
      closest = candidate
    }
  }
  return closest
}

/** Levenshtein distance: the fewest single-character edits that turn `from` into `to`. */
function distance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const replaced = from[row - 1] === to[column - 1] ? 0 : 1
      current.push(
        Math.min(
          (previous[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          (previous[column - 1] ?? 0) + replaced,
        ),
      )
    }
    previous = current
  }
  return previous[to.length] ?? 0
}
