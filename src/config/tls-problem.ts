/**
 * Whether the certificate and its key can be used, found before a server is there to refuse them.
 */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import type { Config } from './schema.ts'

/** What the file system or OpenSSL has against `tls`; undefined when nothing. Relative paths start at `directory`. */
export function tlsProblem({ tls }: Config, directory: string): string | undefined {
  if (tls === undefined) return undefined
  const { cert, key, passphrase } = tls
  try {
    createSecureContext({
      cert: readFileSync(resolve(directory, cert)),
      key: readFileSync(resolve(directory, key)),
      ...(passphrase === undefined ? {} : { passphrase }),
    })
    return undefined
  } catch (reason) {
    if (!(reason instanceof Error)) throw reason
    return `tls.cert and tls.key cannot be used: ${reason.message}`
  }
}
