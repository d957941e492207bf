import { isLike } from '../wildcard.ts'

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
  if (pattern.includes('://')) return likes(origin, pattern)
  const host = origin.replace(/^[a-z][a-z0-9+.-]*:\/\//, '')
  return likes(host, pattern) || likes(host.replace(/:\d+$/, ''), pattern)
}

/** `*` matches what can stand in a host or port, so never a slash that would begin another part. */
const likes = (text: string, pattern: string): boolean => isLike(text, pattern, '/')

/** Whether the patterns keep no host out, as `*` and `https://*` do. */
export const allowsAnyHost = (patterns: readonly string[]): boolean =>
  patterns.some((pattern) => /^(?:[^/]*:\/\/)?\*[*.]*(?::[\d*]*)?$/.test(pattern))
