/**
 * Whether a connection failed because TLS met a port on which something else is spoken.
 */

/** OpenSSL says it in its own words, or Node.js with a code of them. */
export const isNoTls = (fault: string): boolean => /\bEPROTO\b|WRONG_VERSION_NUMBER/.test(fault)

/** In the place of those words. */
export const NO_TLS = 'TLS is not spoken there; without it the URL begins with ws:// or http://'
