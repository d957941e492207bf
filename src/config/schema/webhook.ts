/**
 * Which events a webhook can tell, and an endpoint that is told them.
 */
import { z } from 'zod'

/** What a webhook can tell (Pusher docs, "Webhooks"). */
export const WEBHOOK_EVENTS = [
  'channel_occupied',
  'channel_vacated',
  'member_added',
  'member_removed',
  'client_event',
  'cache_miss',
  'subscription_count',
] as const
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number]

/** An endpoint of the app that is told what happens on its channels. */
export const WebhookConfig = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, hostname: /./ })
    .max(2000)
    .meta({ accepts: 'an http:// or https:// URL', secret: 'address' })
    .describe('Where the events are posted to.'),
  events: z
    .array(z.enum(WEBHOOK_EVENTS))
    .min(1)
    .default([...WEBHOOK_EVENTS])
    .meta({ accepts: `a list of ${WEBHOOK_EVENTS.join(', ')}` })
    .describe('Which events are told; all by default.'),
  channelPrefix: z
    .string()
    .max(200)
    .optional()
    .describe('Only of channels whose name begins like this.'),
  channelSuffix: z
    .string()
    .max(200)
    .optional()
    .describe('Only of channels whose name ends like this.'),
  headers: z
    .record(
      z.string().regex(/^[\w!#$%&'*+.^`|~-]{1,100}$/),
      z
        .string()
        .max(4000)
        .regex(/^[\t\x20-\x7e]*$/),
    )
    .default({})
    .meta({ accepts: 'an object of header names and values, in ASCII', secret: 'whole' })
    .describe('More headers of the request; those of the protocol stay as they are.'),
  allowPrivateAddress: z
    .boolean()
    .default(false)
    .describe('Lets the URL lead to a private, loopback or link-local address.'),
})
export type WebhookConfig = z.infer<typeof WebhookConfig>
