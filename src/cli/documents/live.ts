/** What all lists of what is there now have in common. */
import { z } from 'zod'

export const LISTED = {
  more: z
    .string()
    .nullable()
    .describe('Where the next page begins, for --after; null where there is none.'),
  silentNodes: z
    .array(
      z
        .object({ node: z.string(), host: z.string(), pid: z.int(), version: z.string() })
        .describe('A process, by its host and process id.'),
    )
    .describe('Processes that did not answer within a second: what they hold is missing.'),
}

export const CLOSED = {
  closed: z.int().describe('How many connections were closed.'),
  silentNodes: LISTED.silentNodes,
}
