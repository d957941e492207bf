/**
 * What a group and its workers say to each other, over the channel that Node.js opens to a child.
 *
 * The two may be of different releases: the process that was started stays, and its successors are
 * whatever is installed by then. So fields are added and never renamed, and an unknown type is let go.
 */
import { z } from 'zod'
import type { CanaryResult } from '../health/canary.ts'
import { Question as LiveQuestion, Part } from '../live/question.ts'
import type { Family } from '../metrics/metric.ts'
import type { ProcessStatus } from '../status.ts'
import { Filter } from '../tail/filter.ts'
import type { Sight } from '../tail/watch.ts'
import type { NodesSeen } from './worker.ts'

const Readiness = z.object({ ready: z.boolean(), reason: z.string() })

const Question = z.discriminatedUnion('of', [
  z.object({ of: z.literal('metrics') }),
  z.object({ of: z.literal('status') }),
  z.object({ of: z.literal('canary'), milliseconds: z.number() }),
  z.object({ of: z.literal('nodes') }),
  /** Reads for itself without a configuration. */
  z.object({ of: z.literal('reload'), config: z.unknown().optional() }),
  z.object({ of: z.literal('failures'), most: z.int(), app: z.string().optional() }),
  z.object({
    of: z.literal('replay'),
    app: z.string().optional(),
    ids: z.array(z.string()).optional(),
  }),
  z.object({ of: z.literal('live'), question: LiveQuestion }),
])
export type Question = z.infer<typeof Question>

/** From the group to a worker. */
export const Order = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('begin'),
    flags: z.record(z.string(), z.string()),
    format: z.enum(['pretty', 'json']),
    coloured: z.boolean(),
    /** As another worker of the generation has read it; it reads for itself when left out. */
    config: z.unknown().optional(),
  }),
  /** On a port that is shared; at once, or when it is ready for clients. */
  z.object({ type: z.literal('listen'), port: z.int(), when: z.enum(['now', 'ready']) }),
  /** What `/ready` answers; null leaves that to the worker. */
  z.object({ type: z.literal('answer'), readiness: Readiness.nullable() }),
  z.object({ type: z.literal('ask'), id: z.int(), question: Question }),
  /** Shows what happens, until it is unwatched. */
  z.object({ type: z.literal('watch'), id: z.int(), filter: Filter }),
  z.object({ type: z.literal('unwatch'), id: z.int() }),
  z.object({ type: z.literal('drain') }),
  z.object({ type: z.literal('stop') }),
])
export type Order = z.infer<typeof Order>

/** From a worker to the group. */
export const Report = z.discriminatedUnion('type', [
  z.object({ type: z.literal('configured'), config: z.unknown() }),
  z.object({ type: z.literal('listening') }),
  z.object({ type: z.literal('readiness'), readiness: Readiness }),
  /** It cannot start, and ends. */
  z.object({
    type: z.literal('failed'),
    code: z.string(),
    message: z.string(),
    remedy: z.string(),
  }),
  z.object({ type: z.literal('reply'), id: z.int(), value: z.unknown() }),
  z.object({
    type: z.literal('refusal'),
    id: z.int(),
    code: z.string().optional(),
    message: z.string(),
  }),
  /** To who watches. */
  z.object({
    type: z.literal('seen'),
    id: z.int(),
    sights: z.custom<readonly Sight[]>(Array.isArray),
  }),
  /** The metrics it ends with. */
  z.object({ type: z.literal('last'), metrics: z.custom<readonly Family[]>(Array.isArray) }),
])
export type Report = z.infer<typeof Report>

/** Of what another release sent, as much as this one reads. */
export const isFamilies = (value: unknown): value is readonly Family[] => Array.isArray(value)
export const isStatus = (value: unknown): value is ProcessStatus =>
  typeof value === 'object' && value !== null && 'connections' in value

export const isCanaryResult = (value: unknown): value is CanaryResult =>
  typeof value === 'object' && value !== null && 'failure' in value && 'legs' in value
export const isNodes = (value: unknown): value is NodesSeen | null =>
  value === null || (typeof value === 'object' && 'shards' in value)

export const Reloaded = z.discriminatedUnion('valid', [
  z.object({
    valid: z.literal(true),
    config: z.unknown(),
    restart: z.array(z.string()),
    start: z.array(z.string()),
  }),
  z.object({ valid: z.literal(false), problems: z.array(z.string()) }),
])

export const LiveAnswer = z.object({
  part: Part,
  silentNodes: z.array(
    z.object({ node: z.string(), host: z.string(), pid: z.int(), version: z.string() }),
  ),
  isWhole: z.boolean(),
})
