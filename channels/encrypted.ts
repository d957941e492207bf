import type { ChannelKind } from './kind.ts'
import { admitSigned } from './private.ts'

/**
 * A private channel whose payloads only its subscribers can read. The server passes them on unread,
 * and takes no client events: no client library can encrypt them.
 */
export const encryptedChannel: ChannelKind = {
  name: 'encrypted',
  prefix: 'private-encrypted-',
  clientEvents: false,
  cached: false,
  admit: admitSigned,
}
