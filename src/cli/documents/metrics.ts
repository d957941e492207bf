/** What `resound metrics --json` prints, and `resound metrics --watch --json` line by line. */
import { z } from 'zod'

const Sample = z.object({
  /** Of a histogram with `_bucket`, `_sum` or `_count`. */
  name: z.string(),
  labels: z.record(z.string(), z.string()),
  /** Null for what is not a finite number. */
  value: z.number().nullable(),
})

export const MetricsDocument = z.object({
  schema: z.literal('resound.metrics/1'),
  metrics: z.array(
    z.object({ name: z.string(), type: z.string(), help: z.string(), samples: z.array(Sample) }),
  ),
})
export type MetricsDocument = z.infer<typeof MetricsDocument>

/** Rates are per second, of the interval before; null where nothing was measured in it. */
export const MetricsWatchDocument = z.object({
  schema: z.literal('resound.metrics.watch/1'),
  at: z.iso.datetime(),
  /** Since the line before. */
  seconds: z.number(),
  connections: z.number(),
  opened: z.number(),
  closed: z.number(),
  events: z.object({
    http: z.number(),
    redis: z.number(),
    client: z.number(),
    delivered: z.number(),
    unheard: z.number(),
  }),
  refused: z.object({
    connections: z.number(),
    subscriptions: z.number(),
    clientEvents: z.number(),
    signIns: z.number(),
  }),
  /** Answers of the HTTP API, by class of status. */
  http: z.object({ ok: z.number(), refused: z.number(), failed: z.number() }),
  delivery: z.object({ p50Seconds: z.number().nullable(), p99Seconds: z.number().nullable() }),
  eventLoopDelay: z.object({ p99Seconds: z.number().nullable() }),
  webhooks: z.object({ delivered: z.number(), retried: z.number(), lost: z.number() }),
  slowConsumers: z.number(),
})
export type MetricsWatchDocument = z.infer<typeof MetricsWatchDocument>
