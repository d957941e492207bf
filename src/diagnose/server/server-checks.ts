/**
 * Of the server that runs: whether it is the one that is meant, and ready.
 */
import type { Check } from '../check.ts'
import type { Scene } from '../scene.ts'

export const SERVER_CHECKS: readonly Check<Scene>[] = []
