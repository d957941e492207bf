import { randomInt } from 'node:crypto'

/** The largest range of one cryptographic random integer. */
const RANGE = 2 ** 48 - 1

/** This process, so that no two nodes can give out the same socket id. */
const node = randomInt(1, RANGE)

/**
 * A new socket id, `{integer}.{integer}`, as both server SDKs demand. Signatures are bound to it, so
 * it comes from a cryptographic source and is never used twice.
 */
export function newSocketId(): string {
  return `${node}.${randomInt(1, RANGE)}`
}

/** Whether a text has the form of a socket id. */
export function isSocketId(text: string): boolean {
  return text.length <= 64 && /^\d+\.\d+$/.test(text)
}
