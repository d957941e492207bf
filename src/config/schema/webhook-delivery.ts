/**
 * How webhooks are delivered, those of all apps: gathered, bounded and tried again.
 */
import { z } from 'zod'
import { count, KIBIBYTE, MEBIBYTE } from './shapes.ts'

export const WebhookDelivery = z.strictObject({
  graceSeconds: count(0, 60)
    .default(3)
    .describe(
      'How long channel_vacated and member_removed wait, and are not told when the client comes back.',
    ),
  batchEvents: count(1, 1000).default(100).describe('Most events in one request.'),
  batchMilliseconds: count(0, 10_000)
    .default(50)
    .describe('How long events are gathered for one request.'),
  timeoutSeconds: count(1, 60).default(5).describe('How long an endpoint may take to answer.'),
  retrySeconds: count(0, 86_400)
    .default(300)
    .describe('How long a request that fails is tried again, at growing intervals.'),
  queuedBytes: count(KIBIBYTE, 64 * KIBIBYTE * MEBIBYTE)
    .default(64 * MEBIBYTE)
    .describe(
      'Memory for events that wait to be told; beyond it new ones are dropped and counted.',
    ),
  keptFailures: count(0, 100_000)
    .default(1000)
    .describe(
      'How many requests of each app that were given up are kept to be looked at and sent again.',
    ),
})
