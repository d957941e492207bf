import type { ChannelKind } from './kind.ts'

/** The same kind, remembering its last event for later subscribers. */
export const withCache = (kind: ChannelKind): ChannelKind => ({
  ...kind,
  prefix: `${kind.prefix}cache-`,
  cached: true,
})
