/**
 * Texts with stars. Each piece between stars is looked for once, from left to right: patterns and texts
 * come from outside, and a regular expression with many stars would try them all.
 *
 * @param barrier what a star does not pass over
 */
export function isLike(text: string, pattern: string, barrier?: string): boolean {
  const [first = '', ...pieces] = pattern.split('*')
  const last = pieces.pop()
  if (last === undefined) return text === pattern
  const end = text.length - last.length
  if (!text.startsWith(first) || !text.endsWith(last)) return false
  const isOpen = (from: number, to: number): boolean =>
    barrier === undefined || !text.slice(from, to).includes(barrier)
  let at = first.length
  for (const piece of pieces) {
    const found = text.indexOf(piece, at)
    if (found === -1 || !isOpen(at, found)) return false
    at = found + piece.length
  }
  return at <= end && isOpen(at, end)
}
