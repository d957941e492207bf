/** Certificates for loopback: one signed by itself, and an authority that signs others. */
import { execFileSync } from 'node:child_process'
import type { Directory } from './directory.ts'

export interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

/** An authority of a test's own, with a server's and a client's certificate that it signed. */
export interface Authority {
  /** Path of its certificate. */
  readonly ca: string
  /** For 127.0.0.1 and localhost. */
  readonly server: CertificateFiles
  readonly client: CertificateFiles
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

const openssl = (...args: readonly string[]): void => {
  execFileSync('openssl', args, { stdio: 'pipe' })
}

/** Makes `cert.pem` and `key.pem` in `directory`, good for so many days. @returns their paths */
export function createCertificate(directory: Directory, days = 1): CertificateFiles {
  const [cert, key] = [directory.file('cert.pem'), directory.file('key.pem')]
  const subject = ['-subj', '/CN=localhost', '-days', String(days)]
  openssl('req', '-x509', ...NEW_KEY, '-keyout', key, '-out', cert, ...subject)
  return { cert, key }
}

/** Makes an authority and what it signs in `directory`. */
export function createAuthority(directory: Directory): Authority {
  const [ca, caKey] = [directory.file('ca.pem'), directory.file('ca-key.pem')]
  openssl('req', '-x509', ...NEW_KEY, '-keyout', caKey, '-out', ca, '-subj', '/CN=ca', '-days', '1')
  const signed = (name: string, usage: string, ...more: readonly string[]): CertificateFiles => {
    const [cert, key] = [directory.file(`${name}.pem`), directory.file(`${name}-key.pem`)]
    openssl(
      ...['req', '-x509', ...NEW_KEY, '-keyout', key, '-out', cert, '-days', '1'],
      ...['-CA', ca, '-CAkey', caKey, '-subj', `/CN=${name}`],
      ...['-addext', `extendedKeyUsage=${usage}`, '-addext', 'basicConstraints=CA:FALSE', ...more],
    )
    return { cert, key }
  }
  return {
    ca,
    // Redis shows the one certificate to its clients and, as a replica or a cluster node, to others.
    server: signed(
      'server',
      'serverAuth,clientAuth',
      '-addext',
      'subjectAltName=IP:127.0.0.1,DNS:localhost',
    ),
    client: signed('client', 'clientAuth'),
  }
}
