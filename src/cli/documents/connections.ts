import { z } from 'zod'
import { CLOSED, LISTED } from './live.ts'

/** The connections of all nodes. */
export const ConnectionsDocument = z
  .object({
    schema: z.literal('resound.connections/1'),
    connections: z.array(
      z.object({
        app: z.string(),
        socketId: z.string(),
        node: z.string().describe('Host and process id of the process that has it.'),
        userId: z
          .string()
          .nullable()
          .describe('Who has signed in, else as whom it is in a presence channel, else null.'),
        channels: z.int().describe('How many it is subscribed to.'),
        openedAt: z.string().describe('An ISO time.'),
        bufferedBytes: z.int().describe('What waits for it to read.'),
      }),
    ),
    ...LISTED,
  })
  .describe('The established connections of all nodes.')
export type ConnectionsDocument = z.infer<typeof ConnectionsDocument>

/** What closing a connection came to. */
export const ConnectionsCloseDocument = z
  .object({ schema: z.literal('resound.connections.close/1'), ...CLOSED })
  .describe('What closing a connection came to.')
