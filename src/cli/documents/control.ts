/** What the commands print that change a running server. */
import { z } from 'zod'

/** `resound stop --json`, and `drain` */
export const StopDocument = z.object({
  schema: z.literal('resound.stop/1'),
  pid: z.int().describe('Of the process that has ended.'),
  seconds: z.number(),
})

const Start = z
  .array(z.string())
  .describe('Options that differ and are taken over by stop and start only.')

/** `resound restart --json` */
export const RestartDocument = z.object({
  schema: z.literal('resound.restart/1'),
  generation: z.string().describe('The one that serves now.'),
  previous: z.string().describe('The one that lets its connections go.'),
  start: Start,
  areJoined: z.boolean().describe('Whether events pass between the two.'),
})

/** `resound reload --json` */
export const ReloadDocument = z.object({
  schema: z.literal('resound.reload/1'),
  restart: z
    .array(z.string())
    .describe('Options that differ and are taken over by a restart only.'),
  start: Start,
})

/** `resound version --json` */
export const VersionDocument = z.object({
  schema: z.literal('resound.version/1'),
  version: z.string(),
  node: z.string(),
})
