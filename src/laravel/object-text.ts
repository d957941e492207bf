/**
 * Where the members of a JSON object stand in its text, so that one can be taken out while the rest
 * stays as its publisher wrote it. Parsing and writing again would change large integers, and fails
 * on data nested more deeply than the stack.
 *
 * hot path: once per event from Laravel that somebody hears (test/bench, redis-sat). Only for text
 * that JSON.parse accepts.
 */

/** An object in a text. Offsets count from the text's begin; ends are exclusive. */
export interface ObjectText {
  /** In the order of the text; the same key may come twice. */
  readonly members: readonly Member[]
  readonly end: number
}

export interface Member {
  readonly key: string
  readonly start: number
  readonly valueStart: number
  readonly end: number
  /** The value, when it is an object within the levels asked for. */
  readonly object: ObjectText | undefined
}

const SPACE = 0x20
const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** Reads the object that opens at `at`, and the objects in it down to so many `levels`. */
export function readObject(json: string, at: number, levels: number): ObjectText {
  const members: Member[] = []
  let start = skipSpace(json, at + 1)
  while (json.charCodeAt(start) !== CLOSE_BRACE) {
    const keyEnd = endOfString(json, start)
    const valueStart = skipSpace(json, skipSpace(json, keyEnd) + 1)
    const isObject = levels > 1 && json.charCodeAt(valueStart) === OPEN_BRACE
    const object = isObject ? readObject(json, valueStart, levels - 1) : undefined
    const end = object?.end ?? endOfValue(json, valueStart)
    members.push({
      key: unescaped(json.slice(start + 1, keyEnd - 1)),
      start,
      valueStart,
      end,
      object,
    })
    start = skipSpace(json, end)
    if (json.charCodeAt(start) === COMMA) start = skipSpace(json, start + 1)
  }
  return { members, end: start + 1 }
}

/** The first offset from `at` on that is not white space. */
export function skipSpace(json: string, at: number): number {
  let next = at
  while (json.charCodeAt(next) <= SPACE) next += 1
  return next
}

function endOfValue(json: string, at: number): number {
  const first = json.charCodeAt(at)
  if (first === QUOTE) return endOfString(json, at)
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return endOfNested(json, at)
  let end = at
  while (isOfScalar(json.charCodeAt(end))) end += 1
  return end
}

const isOfScalar = (code: number): boolean =>
  code > SPACE && code !== COMMA && code !== CLOSE_BRACE && code !== CLOSE_BRACKET

function endOfNested(json: string, at: number): number {
  let depth = 0
  let next = at
  do {
    const code = json.charCodeAt(next)
    if (code === OPEN_BRACE || code === OPEN_BRACKET) depth += 1
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth -= 1
    next = code === QUOTE ? endOfString(json, next) : next + 1
  } while (depth > 0)
  return next
}

/** `indexOf` rather than a loop over the characters: three times as fast on long strings. */
function endOfString(json: string, at: number): number {
  let quote = json.indexOf('"', at + 1)
  while (isEscaped(json, quote)) quote = json.indexOf('"', quote + 1)
  return quote + 1
}

/** Whether an odd number of backslashes stands before `at`. */
function isEscaped(json: string, at: number): boolean {
  let before = at
  while (json.charCodeAt(before - 1) === BACKSLASH) before -= 1
  return (at - before) % 2 === 1
}

const unescaped = (key: string): string =>
  key.includes('\\') ? String(JSON.parse(`"${key}"`)) : key
