import { z } from 'zod'

/** What `/webhooks/failures` answers. */
export const Failures = z.object({
  failures: z.array(
    z.object({
      id: z.string(),
      app: z.string(),
      webhook: z.string(),
      events: z.int(),
      time: z.string().describe('When the events happened, as an ISO time.'),
      givenUpAt: z.string(),
      reason: z.string(),
      payloads: z.array(z.unknown()).optional().describe('The events, with --payloads.'),
    }),
  ),
  more: z.boolean().describe('Whether there are more than --limit.'),
})

/** `resound webhooks list --json` */
export const WebhooksListDocument = z.object({
  schema: z.literal('resound.webhooks.list/1'),
  ...Failures.shape,
})

/** `resound webhooks replay --json` */
export const WebhooksReplayDocument = z.object({
  schema: z.literal('resound.webhooks.replay/1'),
  replayed: z.int().describe('How many requests are on their way again.'),
})
