import { z } from 'zod'

/** An event that was published. */
export const TriggerDocument = z
  .object({
    schema: z.literal('resound.trigger/1'),
    url: z.string().describe('The HTTP API that it was published through.'),
    app: z.string(),
    channel: z.string(),
    event: z.string(),
    bytes: z.int().describe('Of its data.'),
    info: z
      .record(z.string(), z.unknown())
      .nullable()
      .describe('What was asked for with --info, as the server told it; else null.'),
  })
  .describe('An event that the server has accepted.')
export type TriggerDocument = z.infer<typeof TriggerDocument>
