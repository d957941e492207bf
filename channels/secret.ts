/**
 * An app's secret, ready to sign with: HMAC-SHA256 (RFC 2104), as lowercase hex.
 *
 * hot path: once per signed request and guarded subscription (test/bench, headline and sub-private).
 * Two one-shot hashes over prepared pads cost half of what `createHmac` does.
 */
import { hash, timingSafeEqual } from 'node:crypto'

const BLOCK_BYTES = 64
const DIGEST_BYTES = 32
const HEX_LENGTH = 2 * DIGEST_BYTES
/** Longer texts are rare, and get a buffer of their own. */
const TEXT_BYTES = 1024
/** Of one character in UTF-8. */
const MOST_BYTES = 3

const given = Buffer.alloc(HEX_LENGTH)
const own = Buffer.alloc(HEX_LENGTH)

export class Secret {
  /** The inner pad, and room for a text. */
  readonly #inner = Buffer.alloc(BLOCK_BYTES + TEXT_BYTES)
  /** The outer pad, and room for the inner digest. */
  readonly #outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES)

  constructor(text: string) {
    const bytes = Buffer.from(text)
    const key = bytes.length > BLOCK_BYTES ? hash('sha256', bytes, 'buffer') : bytes
    for (let i = 0; i < BLOCK_BYTES; i += 1) {
      this.#inner[i] = (key[i] ?? 0) ^ 0x36
      this.#outer[i] = (key[i] ?? 0) ^ 0x5c
    }
  }

  /** Whether `signature` is that of `text` under this secret. Constant time. */
  signed(text: string, signature: string): boolean {
    if (signature.length !== HEX_LENGTH) return false
    if (given.write(signature) !== HEX_LENGTH) return false // not ASCII
    own.write(this.sign(text))
    return timingSafeEqual(given, own)
  }

  /** The signature of `text` under this secret. */
  sign(text: string): string {
    this.#outer.write(hash('sha256', this.#padded(text)), BLOCK_BYTES, 'hex')
    return hash('sha256', this.#outer)
  }

  #padded(text: string): Buffer {
    if (text.length * MOST_BYTES > TEXT_BYTES) {
      return Buffer.concat([this.#inner.subarray(0, BLOCK_BYTES), Buffer.from(text)])
    }
    return this.#inner.subarray(0, BLOCK_BYTES + this.#inner.write(text, BLOCK_BYTES))
  }
}
