import { z } from 'zod'

const Sight = z
  .object({
    schema: z.literal('resound.tail/1'),
    time: z.int().describe('When it happened, in Unix milliseconds.'),
    kind: z
      .string()
      .describe(
        'event, connected, disconnected, subscribed, unsubscribed, signed-in, refused, dropped or missed.',
      ),
    app: z.string().optional(),
    channel: z.string().optional(),
    event: z.string().optional(),
    source: z.string().optional().describe('What an event came by: http, redis or client.'),
    delivered: z.int().optional().describe('To how many connections of the process that tells it.'),
    relayed: z.boolean().optional().describe('Whether another node received it and handed it on.'),
    bytes: z.int().optional().describe("Of an event's data, or of what waited for a slow reader."),
    data: z.string().optional().describe('What the event carries, redacted; with --payloads.'),
    exceptSocketId: z.string().optional(),
    socketId: z.string().optional(),
    userId: z.string().optional(),
    what: z.string().optional().describe('What was refused.'),
    reason: z.string().optional(),
    code: z.int().optional().describe('Of the protocol, of the close, or the HTTP status.'),
    count: z.int().optional().describe('How many were missed, coming faster than they were read.'),
  })
  .describe('One thing that happened on a running server.')
export type TailDocument = z.infer<typeof Sight>

/** One thing that happened; `resound tail --json` prints one document a line. */
export const TailDocument = Sight.loose()
