/**
 * Which pages may connect, by the `Origin` header of the upgrade (RFC 6454).
 *
 * A pattern with a scheme is compared with the whole origin; a bare host means any scheme, and any
 * port unless it names one. `*` stands for anything between dots and beyond.
 */
export function isAllowedOrigin(origin: string, patterns: readonly string[]): boolean {
  const given = origin.toLowerCase()
  return patterns.some((pattern) => matches(given, pattern.toLowerCase()))
}

function matches(origin: string, pattern: string): boolean {
  if (pattern === '*') return true
  if (pattern.includes('://')) return isLike(origin, pattern)
  const host = origin.replace(/^[a-z][a-z0-9+.-]*:\/\//, '')
  return isLike(host, pattern) || isLike(host.replace(/:\d+$/, ''), pattern)
}

/**
 * `*` matches what can stand in a host or port, so never a slash that would begin another part. Each
 * piece between stars is looked for once, from left to right: a page writes the origin, and a regular
 * expression with many stars would try them all.
 */
function isLike(text: string, pattern: string): boolean {
  const [first = '', ...pieces] = pattern.split('*')
  const last = pieces.pop()
  if (last === undefined) return text === pattern
  const end = text.length - last.length
  if (!text.startsWith(first) || !text.endsWith(last)) return false
  let at = first.length
  for (const piece of pieces) {
    const found = text.indexOf(piece, at)
    if (found === -1 || text.slice(at, found).includes('/')) return false
    at = found + piece.length
  }
  return at <= end && !text.slice(at, end).includes('/')
}

/** Whether the patterns keep no host out, as `*` and `https://*` do. */
export const allowsAnyHost = (patterns: readonly string[]): boolean =>
  patterns.some((pattern) => /^(?:[^/]*:\/\/)?\*[*.]*(?::[\d*]*)?$/.test(pattern))
