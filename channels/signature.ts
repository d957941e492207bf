/**
 * Channel and user signatures (Pusher protocol 7, "Authenticating users" and "Authorizing users").
 *
 * `auth` is `{app key}:{lowercase hex HMAC-SHA256 of the text}`. `channel_data` and `user_data` are
 * signed as the exact text received: re-serialised JSON would not match what PHP signed.
 */
import type { Secret } from './secret.ts'

export interface Credentials {
  readonly key: string
  /** The secret in force first, then one that is being replaced, if any. */
  readonly secrets: readonly Secret[]
}

/** Whether `signature` is the lowercase hex HMAC-SHA256 of `text` under one of the secrets. Constant time. */
export const isHmac = (signature: string, text: string, secrets: readonly Secret[]): boolean =>
  secrets.some((secret) => secret.signed(text, signature))

/** Whether `auth` carries this app's key and a signature of `text`. */
export function isSigned(auth: string | undefined, text: string, app: Credentials): boolean {
  if (auth === undefined || !auth.startsWith(`${app.key}:`)) return false
  return isHmac(auth.slice(app.key.length + 1), text, app.secrets)
}

/** The `auth` that vouches for `text`: this app's key, and the signature under the secret in force. */
export function sign(text: string, { key, secrets }: Credentials): string {
  const [secret] = secrets
  if (secret === undefined) throw new TypeError('an app has a secret')
  return `${key}:${secret.sign(text)}`
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
