import type { ChannelKind } from './kind.ts'
import { CANARY } from './name.ts'
import { admitSigned } from './private.ts'

/** What `health` sends through the server to itself; who has the secret may. */
export const canaryChannel: ChannelKind = {
  name: 'canary',
  prefix: CANARY,
  clientEvents: false,
  cached: false,
  hidden: true,
  admit: admitSigned,
}
