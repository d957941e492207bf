import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** When the server's certificate ends, which is the first in its file. @returns Unix time in milliseconds */
export function certificateExpiry(file: string): number {
  return Date.parse(new X509Certificate(readFileSync(file)).validTo)
}
