/**
 * What a viewer wants to see, and how much of it.
 */
import { z } from 'zod'
import { CANARY } from '../../channels/name.ts'
import type { Observed } from '../hub/observation.ts'
import { isLike } from '../wildcard.ts'

/** As `--kinds` takes them. */
export const KINDS = [
  'event',
  'connected',
  'disconnected',
  'subscribed',
  'unsubscribed',
  'signed-in',
  'refused',
  'dropped',
] as const
export type Kind = (typeof KINDS)[number]

/** Passes between releases: fields are added, never renamed. */
export const Filter = z.object({
  app: z.string().optional(),
  /** Of the channel's name; `*` stands for anything. What has no channel is not shown then. */
  channel: z.string().optional(),
  kinds: z.array(z.string()).optional(),
  /** Whether events come with their data, redacted. */
  payloads: z.boolean().optional(),
})
export type Filter = z.infer<typeof Filter>

/** Whether a viewer wants to see this. */
export function wants(filter: Filter, observed: Observed): boolean {
  const { app, channel, kinds } = filter
  if ('channel' in observed && observed.channel?.startsWith(CANARY) === true) return false
  if (kinds !== undefined && !kinds.includes(observed.kind)) return false
  if (app !== undefined && observed.app !== app) return false
  if (channel === undefined) return true
  return 'channel' in observed && isLike(observed.channel ?? '', channel)
}
