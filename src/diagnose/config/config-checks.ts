/**
 * Of the configuration: what the server, the Laravel app and its pages each say.
 */
import type { Check } from '../check.ts'
import type { Scene } from '../scene.ts'

export const CONFIG_CHECKS: readonly Check<Scene>[] = []
