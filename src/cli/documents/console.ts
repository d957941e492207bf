import { z } from 'zod'

/** What `resound console --json` prints. */
export const ConsoleDocument = z.object({
  schema: z.literal('resound.console/1'),
  url: z.url().describe('The web console, with the key that opens it in the fragment.'),
})
