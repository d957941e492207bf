/**
 * The query of a signed request, read as the server SDKs write it.
 *
 * hot path: once per request (test/bench, headline). By hand: `URLSearchParams` costs several times
 * as much, and turns `+` into a space, which the signature does not.
 */
export type Query = ReadonlyMap<string, string>

/** Most parameters in a query; the SDKs send fewer than ten. */
const MOST_PARAMETERS = 100

/**
 * Reads a query: keys in lower case, keys and values percent-decoded, `k[]` and `k[n]` folded into
 * `k` with their values joined by commas, as the PHP SDK signs them.
 * @returns a text that says what is wrong, when something is
 */
export function parseQuery(text: string): Query | string {
  const query = new Map<string, string>()
  let folded: Set<string> | undefined
  let start = 0
  for (let count = 0; start < text.length; count += 1) {
    if (count === MOST_PARAMETERS) return `The query has more than ${MOST_PARAMETERS} parameters.`
    const ampersand = text.indexOf('&', start)
    const end = ampersand === -1 ? text.length : ampersand
    const equals = text.indexOf('=', start)
    const nameEnd = equals === -1 || equals > end ? end : equals
    const name = decoded(text.slice(start, nameEnd)).toLowerCase()
    const value = decoded(text.slice(nameEnd + 1, end))
    if (end > start) {
      const key = arrayKey(name) ?? name
      const before = query.get(key)
      if (before === undefined) {
        query.set(key, value)
        if (key !== name) folded = (folded ?? new Set()).add(key)
      } else if (key !== name && folded?.has(key)) query.set(key, `${before},${value}`)
      else return `The parameter ${key.slice(0, 50)} is given more than once.`
    }
    start = end + 1
  }
  return query
}

/** `k` of `k[]` and `k[n]`. */
function arrayKey(name: string): string | undefined {
  if (!name.endsWith(']')) return undefined
  return /^([^[]+)\[\w*\]$/.exec(name)?.[1]
}

/** Percent-decodes; a text that cannot be decoded was not encoded, as the Node SDK sends it. */
function decoded(text: string): string {
  if (!text.includes('%')) return text
  return decodePath(text) ?? text
}

/** Percent-decodes a part of a path, or returns undefined when it is not well encoded. */
export function decodePath(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined // URIError: the caller decides what that means
  }
}
