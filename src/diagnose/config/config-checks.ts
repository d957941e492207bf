/**
 * Of the configuration: what the server, the Laravel app and its pages each say.
 */
import type { Check } from '../check.ts'
import type { Scene } from '../scene.ts'
import { addressLeadsHere } from './address.ts'
import { appStarts } from './app.ts'
import { cachesAreFresh } from './cache.ts'
import { channelsAreLoaded } from './channels.ts'
import { credentialsAreKnown } from './credentials.ts'
import { driverLeadsHere } from './driver.ts'
import { limitsFit } from './limits.ts'
import { pagesLeadHere } from './pages.ts'
import { secretsAreSecret } from './secrets.ts'

export const CONFIG_CHECKS: readonly Check<Scene>[] = [
  secretsAreSecret,
  limitsFit,
  appStarts,
  cachesAreFresh,
  driverLeadsHere,
  credentialsAreKnown,
  addressLeadsHere,
  channelsAreLoaded,
  pagesLeadHere,
]
