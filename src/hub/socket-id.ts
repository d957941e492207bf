import { randomFillSync } from 'node:crypto'

/** Random words, drawn many at a time: asked for one by one they cost more than a whole upgrade. */
const pool = new Uint32Array(1024)
let used = pool.length

function randomWord(): number {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const word = pool[used] ?? 0 // `used` is within the pool
  used += 1
  return word
}

/** An integer of 48 random bits: below 2^53, so that it is exact in every client. */
const randomInteger = (): number => randomWord() * 2 ** 16 + (randomWord() >>> 16)

/** This process, so that no two nodes can give out the same socket id. */
const node = randomInteger()

/**
 * A new socket id, `{integer}.{integer}`, as both server SDKs demand. Signatures are bound to it, so
 * it comes from a cryptographic source and is never used twice.
 *
 * hot path: once per connection (test/bench, connect-2k).
 */
export function newSocketId(): string {
  return `${node}.${randomInteger()}`
}

/** Whether a text has the form of a socket id. */
export function isSocketId(text: string): boolean {
  return text.length <= 64 && /^\d+\.\d+$/.test(text)
}
