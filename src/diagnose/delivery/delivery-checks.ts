/**
 * Of delivery: whether an event comes through, from each place where one can start.
 */
import type { Check } from '../check.ts'
import type { Scene } from '../scene.ts'

export const DELIVERY_CHECKS: readonly Check<Scene>[] = []
