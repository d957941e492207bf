import { z } from 'zod'

const Milliseconds = z.number().nullable()

const Judged = {
  outcome: z.enum(['ok', 'warning', 'critical']),
  cause: z.string().nullable().describe('Why it is not ok, for programs; null when it is.'),
  reason: z.string().describe('One sentence, for people.'),
  milliseconds: Milliseconds.describe('From the beginning until the event was back, or the end.'),
  legs: z
    .object({
      connect: Milliseconds,
      subscribe: Milliseconds,
      publish: Milliseconds,
      delivery: Milliseconds,
    })
    .describe('Milliseconds of each; null for one that was not come to, or did not end.'),
}

/** What `/health` answers, and `resound health` prints. */
export const HealthReport = z.object({
  ...Judged,
  warnMs: z.number(),
  critMs: z.number(),
  at: z.string().describe('When the event was sent, as an ISO time.'),
  processes: z
    .array(z.object({ pid: z.int(), ...Judged }))
    .describe('Each process that serves, with what its own event came to.'),
})

/** `resound health --json` */
export const HealthDocument = z.object({
  schema: z.literal('resound.health/1'),
  ...HealthReport.shape,
  outcome: z.enum(['ok', 'warning', 'critical', 'unknown']),
  url: z.string().optional().describe('What --url named.'),
})
export type HealthDocument = z.infer<typeof HealthDocument>
