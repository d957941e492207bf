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
export function parseQuery(text: string): Map<string, string> | string {
  const query = new Map<string, string>()
  if (text === '') return query
  const pairs = text.split('&')
  if (pairs.length > MOST_PARAMETERS)
    return `The query has more than ${MOST_PARAMETERS} parameters.`
  const folded = new Set<string>()
  for (const pair of pairs) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decoded(equals === -1 ? pair : pair.slice(0, equals)).toLowerCase()
    const value = equals === -1 ? '' : decoded(pair.slice(equals + 1))
    const bracket = name.indexOf('[')
    const isArray = bracket > 0 && /^\[\w*\]$/.test(name.slice(bracket))
    const key = isArray ? name.slice(0, bracket) : name
    const before = query.get(key)
    if (before === undefined) {
      query.set(key, value)
      if (isArray) folded.add(key)
    } else if (isArray && folded.has(key)) {
      query.set(key, `${before},${value}`)
    } else {
      return `The parameter ${key.slice(0, 50)} is given more than once.`
    }
  }
  return query
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
