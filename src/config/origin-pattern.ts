/**
 * Whether a pattern of `allowedOrigins` can match what a browser sends as `Origin` (RFC 6454).
 *
 * An origin is scheme, host and port: no path, not even a slash, and no port that is its scheme's
 * own. A pattern with more would refuse everybody, and only production would tell.
 */
import { domainToASCII } from 'node:url'

const OWN_PORTS: Readonly<Record<string, RegExp>> = {
  'http://': /:80$/,
  'https://': /:443$/,
}

/** What `pattern` must be instead; undefined where it is right, and empty where nothing is left of it. */
export function correctedOrigin(pattern: string): string | undefined {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*:\/\/)?(.*)$/is.exec(pattern.trim()) ?? []
  const named = rest.replace(/[/?#].*$/s, '').replace(/^.*@/s, '')
  const ownPort = OWN_PORTS[scheme.toLowerCase()]
  const host = ownPort === undefined ? named : named.replace(ownPort, '')
  const corrected = host === '' ? '' : `${scheme}${inAscii(host)}`
  return corrected === pattern ? undefined : corrected
}

/** Browsers send the host of an internationalised name in its ASCII form. */
function inAscii(host: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII begins with them
  if (/^[\x00-\x7f]*$/.test(host)) return host
  const [, name = '', port = ''] = /^(.*?)(:[\d*]+)?$/s.exec(host) ?? []
  return domainToASCII(name) + port
}
