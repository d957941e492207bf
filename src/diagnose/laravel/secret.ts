/**
 * A secret of somebody's set-up, as far as `diagnose` may know it: it can be compared, and no more.
 */
import { createHash } from 'node:crypto'

/** What PHP tells of a secret, which itself stays in the app. */
export interface Fingerprint {
  /** SHA-256 of the text, in hex. */
  readonly sha256: string
  /** In characters. */
  readonly length: number
}

export function fingerprintOf(secret: string): Fingerprint {
  return { sha256: createHash('sha256').update(secret).digest('hex'), length: secret.length }
}

export const isSame = (one: Fingerprint, other: Fingerprint): boolean => one.sha256 === other.sha256

/** Secrets that stand in examples, and that everybody therefore knows. */
const WELL_KNOWN = [
  'app-secret',
  'secret',
  'my-secret',
  'my-app-secret',
  'reverb-secret',
  'reverb-app-secret',
  'pusher-secret',
  'some-app-secret',
  'your-app-secret',
  'your-pusher-secret',
  'your-pusher-app-secret',
  'local',
  'password',
  'changeme',
  'test',
].map((text) => fingerprintOf(text).sha256)

export const isWellKnown = ({ sha256 }: Fingerprint): boolean => WELL_KNOWN.includes(sha256)

/** Shorter ones can be tried out by whoever has one signature, which every subscriber has. */
export const SHORT_SECRET = 16
