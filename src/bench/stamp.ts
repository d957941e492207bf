/**
 * What an event of a load carries: of which stream it is, its number there, and when it was due. Pure.
 *
 * All are digits of fixed width between two `@`, which JSON in JSON does not change, so that a receiver
 * reads them where they are. Times are those of `nowMicroseconds`.
 */

const STREAM_DIGITS = 6
const NUMBER_DIGITS = 8
const DUE_DIGITS = 16
const DIGITS = STREAM_DIGITS + NUMBER_DIGITS + DUE_DIGITS
const AT = 0x40
const ZERO = 0x30
/** Of `{"at":"@…@","fill":""}`. */
const AROUND = 21

/** The most events of one stream. */
export const MOST_NUMBERS = 10 ** NUMBER_DIGITS

/** Data of about so many bytes, as JSON. */
export function stampedData(
  stream: number,
  number: number,
  dueMicroseconds: number,
  bytes: number,
): string {
  const stamp = digits(stream, STREAM_DIGITS) + digits(number, NUMBER_DIGITS)
  const due = digits(Math.floor(dueMicroseconds), DUE_DIGITS)
  return `{"at":"@${stamp}${due}@","fill":"${filling(bytes - DIGITS - AROUND)}"}`
}

let filled = ''
function filling(length: number): string {
  if (length <= 0) return ''
  if (filled.length !== length) filled = 'x'.repeat(length)
  return filled
}

const digits = (value: number, width: number): string => String(value).padStart(width, '0')

// hot path: once per frame received (test/bench, sat-1000). It is the only thing that runs per delivery
// beside the ledger, so its result is in fields that are written over.
/** Reads stamps. All deliveries of a run look alike, so it looks first where the last one was. */
export class StampReader {
  stream = 0
  number = 0
  dueMicroseconds = 0
  #offset = 0

  /** @returns whether there is a stamp between the two; its parts are in the fields then */
  read(bytes: Buffer, start: number, end: number): boolean {
    let at = start + this.#offset
    if (!isStamp(bytes, at, end)) {
      at = bytes.indexOf(AT, start)
      if (at === -1 || !isStamp(bytes, at, end)) return false
      this.#offset = at - start
    }
    this.stream = numberIn(bytes, at + 1, STREAM_DIGITS)
    this.number = numberIn(bytes, at + 1 + STREAM_DIGITS, NUMBER_DIGITS)
    this.dueMicroseconds = numberIn(bytes, at + 1 + STREAM_DIGITS + NUMBER_DIGITS, DUE_DIGITS)
    return true
  }
}

const isStamp = (bytes: Buffer, at: number, end: number): boolean =>
  at + DIGITS + 2 <= end && bytes[at] === AT && bytes[at + DIGITS + 1] === AT

function numberIn(bytes: Buffer, at: number, width: number): number {
  let value = 0
  for (let i = at; i < at + width; i += 1) value = value * 10 + (bytes[i] ?? ZERO) - ZERO
  return value
}
