/**
 * The event that is sent to see whether events arrive: on a public channel that nobody else knows, with
 * nothing in it.
 */
import { randomBytes } from 'node:crypto'

/**
 * What every canary's channel begins with. It is an ordinary public channel: the name that the server
 * keeps for its own canaries is refused by older SDKs, and by what hears Redis.
 */
const CANARY_PREFIX = 'resound-canary-'
export const CANARY_EVENT = 'resound.canary'

const RANDOM_BYTES = 8

export const newCanaryChannel = (): string =>
  CANARY_PREFIX + randomBytes(RANDOM_BYTES).toString('hex')

const EMPTY = JSON.stringify({ canary: '' })

/** How many characters the canary has in data of so many bytes. */
export const charactersOf = (bytes: number): number => Math.max(0, bytes - EMPTY.length)

/** Data of so many bytes, as JSON text, which is what an event's limit counts. */
export const dataOf = (bytes: number): string =>
  JSON.stringify({ canary: '-'.repeat(charactersOf(bytes)) })
