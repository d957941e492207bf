/**
 * Of authorisation: whether the Laravel app lets a user into a channel, and who refuses.
 */
import type { Check } from '../check.ts'
import type { Scene } from '../scene.ts'

export const AUTH_CHECKS: readonly Check<Scene>[] = []
