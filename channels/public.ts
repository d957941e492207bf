import type { ChannelKind } from './kind.ts'

/** Anyone may subscribe; only the server publishes. */
export const publicChannel: ChannelKind = {
  name: 'public',
  prefix: '',
  clientEvents: false,
  cached: false,
  admit: () => ({ admitted: true }),
}
