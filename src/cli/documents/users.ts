import { z } from 'zod'
import { CLOSED, LISTED } from './live.ts'

/** The users of all nodes. */
export const UsersDocument = z
  .object({
    schema: z.literal('resound.users/1'),
    users: z.array(
      z.object({
        app: z.string(),
        userId: z.string(),
        connections: z.int().describe('On which it is signed in or in a presence channel.'),
      }),
    ),
    ...LISTED,
  })
  .describe('Who has signed in or is in a presence channel, on all nodes.')
export type UsersDocument = z.infer<typeof UsersDocument>

/** What disconnecting a user came to. */
export const UsersDisconnectDocument = z
  .object({ schema: z.literal('resound.users.disconnect/1'), ...CLOSED })
  .describe('What disconnecting a user came to.')
