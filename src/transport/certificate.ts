import { hash, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ResoundError } from '../errors.ts'
import type { Tls } from './listener.ts'

/** What is known of the certificate that is served. */
export interface Certificate {
  /** Unix time in milliseconds. */
  readonly endsAt: number
  /** Another whenever the certificate or its key is another, or where they are read from. */
  readonly fingerprint: string
}

/**
 * Reads the server's certificate, which is the first in its file.
 * @throws ResoundError RESOUND_TLS_INVALID for files that changed since the configuration was read
 */
export function readCertificate({ cert, key, passphrase = '' }: Tls): Certificate {
  try {
    const [chain, secret] = [readFileSync(cert), readFileSync(key)]
    const parts = [cert, key, passphrase, chain.toString('latin1'), secret.toString('latin1')]
    return {
      endsAt: Date.parse(new X509Certificate(chain).validTo),
      fingerprint: hash('sha256', JSON.stringify(parts)),
    }
  } catch (cause) {
    throw new ResoundError('RESOUND_TLS_INVALID', `${cert} and ${key} cannot be read.`, { cause })
  }
}
