/**
 * The headers that Laravel needs to know who asks, and no others of the page's.
 *
 * The address of the client is not among them: Laravel believes `X-Forwarded-For` of proxies that it
 * trusts, and a page could have written any.
 */

/** Passed on as received, where they are. */
export const FORWARDED = [
  'cookie',
  'authorization',
  'x-csrf-token',
  'x-xsrf-token',
  'origin',
  'referer',
] as const

type Forwarded = (typeof FORWARDED)[number]

/** What marks our own requests (RFC 9110, section 7.6.3), so that one that comes back is known. */
const VIA = '1.1 resound'

export const isOwnVia = (via: string): boolean => via.includes(VIA)

/** Those that make Laravel answer an API client: with 401, 403 or 419 rather than with a page. */
const FIXED = {
  'content-type': 'application/x-www-form-urlencoded',
  accept: 'application/json',
  'x-requested-with': 'XMLHttpRequest',
  via: VIA,
}

/** What a value may hold (RFC 9110, section 5.5); the transport lets a DEL through. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]+$/

/**
 * The headers of a request to Laravel. One that no browser could have written is left out.
 * @param header of the request that asks, by its lower-case name; empty where there is none
 */
export function headersFor(header: (name: Forwarded) => string): Readonly<Record<string, string>> {
  const headers: Record<string, string> = { ...FIXED }
  for (const name of FORWARDED) {
    const value = header(name)
    if (FIELD_VALUE.test(value)) headers[name] = value
  }
  // Laravel 6 and 7 check the token here, too, and only an axios of the page's would have copied it.
  const token = headers['x-xsrf-token'] ?? xsrfToken(header('cookie'))
  if (token !== undefined) headers['x-xsrf-token'] = token
  return headers
}

function xsrfToken(cookies: string): string | undefined {
  const encoded = /(?:^|;\s*)XSRF-TOKEN=([\w%.+/=-]+)/.exec(cookies)?.[1]
  if (encoded === undefined) return undefined
  try {
    const token = decodeURIComponent(encoded)
    return /^[\x21-\x7e]+$/.test(token) ? token : undefined
  } catch {
    return undefined // URIError: not a cookie of Laravel's
  }
}
