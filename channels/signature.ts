/**
 * Channel and user signatures (Pusher protocol 7, "Authenticating users" and "Authorizing users").
 *
 * `auth` is `{app key}:{lowercase hex HMAC-SHA256 of the text}`. `channel_data` and `user_data` are
 * signed as the exact text received: re-serialised JSON would not match what PHP signed.
 */
import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'

export interface Credentials {
  readonly key: string
  /** The secret in force first, then one that is being replaced, if any. */
  readonly secrets: readonly KeyObject[]
}

const HEX_SHA256 = /^[0-9a-f]{64}$/

/** Whether `signature` is the lowercase hex HMAC-SHA256 of `text` under one of the secrets. Constant time. */
export function isHmac(signature: string, text: string, secrets: readonly KeyObject[]): boolean {
  if (!HEX_SHA256.test(signature)) return false
  const given = Buffer.from(signature, 'latin1')
  return secrets.some((secret) => {
    // As hex: a digest asked for as a Buffer costs twice as much.
    const own = createHmac('sha256', secret).update(text).digest('hex')
    return timingSafeEqual(given, Buffer.from(own, 'latin1'))
  })
}

/** Whether `auth` carries this app's key and a signature of `text`. */
export function isSigned(auth: string | undefined, text: string, app: Credentials): boolean {
  if (auth === undefined || !auth.startsWith(`${app.key}:`)) return false
  return isHmac(auth.slice(app.key.length + 1), text, app.secrets)
}

/** What is signed for a channel. Servers may sign `channel_data` for any kind of channel. */
export function channelText(socketId: string, channel: string, channelData?: string): string {
  return channelData === undefined
    ? `${socketId}:${channel}`
    : `${socketId}:${channel}:${channelData}`
}

/** What is signed for a user's sign-in. */
export function userText(socketId: string, userData: string): string {
  return `${socketId}::user::${userData}`
}
