import { z } from 'zod'
import { LISTED } from './live.ts'

/** The occupied channels of all nodes. */
export const ChannelsDocument = z
  .object({
    schema: z.literal('resound.channels/1'),
    channels: z.array(
      z.object({
        app: z.string(),
        name: z.string(),
        kind: z.string().describe('public, private, encrypted or presence.'),
        cached: z.boolean().describe('Whether its last event is kept for later subscribers.'),
        subscriptions: z.int(),
        members: z.int().nullable().describe('Users in a presence channel, each once; else null.'),
      }),
    ),
    ...LISTED,
  })
  .describe('The channels that somebody is subscribed to, on all nodes.')
export type ChannelsDocument = z.infer<typeof ChannelsDocument>
