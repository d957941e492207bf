/**
 * The JSON that an app signs about its users: `channel_data` and `user_data`.
 */

/** The object that is written there, or undefined when it is none. */
export function parseSigned(text: string): Readonly<Record<string, unknown>> | undefined {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch {
    return undefined // signed, but not JSON: refused like any other that does not name a user
  }
  return isObject(data) ? data : undefined
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** `user_info` as JSON text: `null` when absent, undefined when it is nested more deeply than the stack. */
export function textOf(info: unknown): string | undefined {
  try {
    return JSON.stringify(info ?? null)
  } catch {
    return undefined // RangeError
  }
}
