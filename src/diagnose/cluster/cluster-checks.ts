/**
 * Of the cluster: whether the nodes that share a Redis agree.
 */
import type { Check } from '../check.ts'
import type { Scene } from '../scene.ts'

export const CLUSTER_CHECKS: readonly Check<Scene>[] = []
