/**
 * Which channel names are allowed (Pusher docs, "Channel naming conventions").
 *
 * `#` opens the reserved names, of server-to-user channels and of canaries, and stands nowhere else.
 */
const CHANNEL_NAME = /^#?[-A-Za-z0-9_=@,.;]+$/
const USER_ID = /^[-A-Za-z0-9_=@,.;]+$/

/** Prefix of the channel that carries what is sent to one signed-in user. */
export const SERVER_TO_USER = '#server-to-user-'

/** Prefix of the channels on which the server proves that it serves. */
export const CANARY = '#resound-canary-'
const CANARY_NAME = new RegExp(`^${CANARY}[0-9a-f]{16}$`)

/** Whether a channel is not one that an app has named: it carries what is sent to one user. */
export const isInternal = (name: string): boolean => name.startsWith('#')

/** Longest user id, in characters, as Pusher documents it. */
export const USER_ID_LENGTH = 128

/** Whether `name` may be subscribed or published to. @param maxLength in characters */
export function isChannelName(name: string, maxLength: number): boolean {
  if (name.startsWith(CANARY)) return CANARY_NAME.test(name) // whatever own names are limited to
  if (name.length > maxLength || !CHANNEL_NAME.test(name)) return false
  return !name.startsWith('#') || (name.startsWith(SERVER_TO_USER) && name !== SERVER_TO_USER)
}

/** Whether `id` can be a signed-in user's id: it becomes part of a channel name. */
export function isUserId(id: string): boolean {
  return id.length <= USER_ID_LENGTH && USER_ID.test(id)
}
