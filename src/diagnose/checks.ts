/**
 * Every check there is, in the order in which a message passes what they look at.
 */
import type { Check } from './check.ts'
import type { Scene } from './scene.ts'

export const CHECKS: readonly Check<Scene>[] = []
