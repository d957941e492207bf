/**
 * User ids on their way to Redis, which holds UTF-8: a lone surrogate, which an id in JavaScript may have, is
 * no character there, and two different ids would become one.
 */
const ESCAPED = '\0'

/** The id as Redis holds it. */
export const toRedis = (userId: string): string =>
  userId.isWellFormed() && !userId.startsWith(ESCAPED) ? userId : ESCAPED + JSON.stringify(userId)

/** The id that `toRedis` was given. */
export function fromRedis(text: string): string {
  return text.startsWith(ESCAPED) ? String(JSON.parse(text.slice(1))) : text
}
