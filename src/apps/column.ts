/**
 * What a value means, whichever type its column has: soketi's tables have `smallint` where we say
 * `boolean`, and `json` may be kept as text. What makes no sense stays as it is, for the schema to refuse.
 */

/** All-digit credentials become numbers on their way through options and JSON. */
export const text = (value: unknown): unknown => (typeof value === 'number' ? String(value) : value)

export const number = (value: unknown): unknown =>
  typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value

/** In bytes. */
export const kibibytes = (value: unknown): unknown => {
  const size = number(value)
  return typeof size === 'number' ? Math.round(size * 1024) : value
}

/** No limit is 0 with us, and below it with soketi. */
export const numberOrNoLimit = (value: unknown): unknown => {
  const most = number(value)
  return typeof most === 'number' ? Math.max(0, most) : value
}

const TRUTHS = new Map<unknown, boolean>([
  [1, true],
  ['1', true],
  ['true', true],
  [0, false],
  ['0', false],
  ['false', false],
])

export const truth = (value: unknown): unknown => TRUTHS.get(value) ?? value

export const json = (value: unknown): unknown => {
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value)
  } catch {
    return value // a text, which the schema refuses where it wants a list or an object
  }
}
