/**
 * Of the host: what the system and Redis allow the server.
 */
import type { Check } from '../check.ts'
import type { Scene } from '../scene.ts'

export const HOST_CHECKS: readonly Check<Scene>[] = []
