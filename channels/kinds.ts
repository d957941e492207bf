/**
 * The table of channel kinds. Prefixes are matched at the start of the name, hyphen included and
 * longest first, so `privateer` and `my-cache-x` are public channels.
 */
import { withCache } from './cache.ts'
import { canaryChannel } from './canary.ts'
import { encryptedChannel } from './encrypted.ts'
import type { ChannelKind } from './kind.ts'
import { presenceChannel } from './presence.ts'
import { privateChannel } from './private.ts'
import { publicChannel } from './public.ts'
import { serverToUserChannel } from './server-to-user.ts'

const PREFIXED = [publicChannel, privateChannel, encryptedChannel, presenceChannel]
  .flatMap((kind) => [kind, withCache(kind)])
  .concat(serverToUserChannel, canaryChannel)
  .filter((kind) => kind.prefix !== '')
  .sort((a, b) => b.prefix.length - a.prefix.length)

const INITIALS = new Set(PREFIXED.map((kind) => kind.prefix.charAt(0)))

/**
 * The kind of channel that `name` denotes.
 *
 * hot path: once per subscription and event (test/bench, sub-public). Most public names begin like
 * no prefix, and are told by their first letter.
 */
export function kindOf(name: string): ChannelKind {
  if (!INITIALS.has(name.charAt(0))) return publicChannel
  for (const kind of PREFIXED) if (name.startsWith(kind.prefix)) return kind
  return publicChannel
}
