/**
 * Every check there is, in the order in which a message passes what they look at.
 */

import { AUTH_CHECKS } from './auth/auth-checks.ts'
import type { Check } from './check.ts'
import { CLUSTER_CHECKS } from './cluster/cluster-checks.ts'
import { CONFIG_CHECKS } from './config/config-checks.ts'
import { DELIVERY_CHECKS } from './delivery/delivery-checks.ts'
import { HOST_CHECKS } from './host/host-checks.ts'
import type { Scene } from './scene.ts'
import { SERVER_CHECKS } from './server/server-checks.ts'
import { wayInIdle } from './way-in/idle.ts'
import { WAY_IN_CHECKS } from './way-in/way-in-checks.ts'

export const CHECKS: readonly Check<Scene>[] = [
  ...SERVER_CHECKS,
  ...CONFIG_CHECKS,
  ...WAY_IN_CHECKS,
  ...AUTH_CHECKS,
  ...DELIVERY_CHECKS,
  ...HOST_CHECKS,
  ...CLUSTER_CHECKS,
  wayInIdle, // last: a socket was silent all the while
]
