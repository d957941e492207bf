/** A JSON object of which nothing else is known yet. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Whether a JSON value is an object: no list, and not null. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
