/**
 * Of the way in: from a browser to the server, proxy included.
 */
import type { Check } from '../check.ts'
import type { Scene } from '../scene.ts'
import { wayInDns, wayInTcp } from './address.ts'
import { wayInTls, wayInTlsChain, wayInTlsExpiry, wayInTlsName } from './tls.ts'
import { wayInOrigin, wayInUpgradeLocal, wayInUpgradePublic } from './upgrades.ts'

export const WAY_IN_CHECKS: readonly Check<Scene>[] = [
  wayInUpgradeLocal,
  wayInDns,
  wayInTcp,
  wayInTls,
  wayInTlsChain,
  wayInTlsName,
  wayInTlsExpiry,
  wayInUpgradePublic,
  wayInOrigin,
]
