/**
 * Of the way in: from a browser to the server, proxy included.
 */
import type { Check } from '../check.ts'
import type { Scene } from '../scene.ts'

export const WAY_IN_CHECKS: readonly Check<Scene>[] = []
