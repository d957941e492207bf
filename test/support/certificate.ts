/** A certificate for localhost, signed by itself. */
import { execFileSync } from 'node:child_process'
import type { Directory } from './directory.ts'

/** Makes `cert.pem` and `key.pem` in `directory`. @returns their paths */
export function createCertificate(directory: Directory): { cert: string; key: string } {
  const [cert, key] = [directory.file('cert.pem'), directory.file('key.pem')]
  const subject = ['-subj', '/CN=localhost', '-days', '1']
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', key, '-out', cert, ...subject], {
    stdio: 'pipe',
  })
  return { cert, key }
}
