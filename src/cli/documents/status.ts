import { z } from 'zod'

export const Limited = z.object({
  open: z.number().nullable().describe('Null where the system does not tell.'),
  limit: z.number().nullable().describe('Null where there is none, or it is not told.'),
})
export type Limited = z.infer<typeof Limited>

const Redis = z.object({
  isUp: z.boolean(),
  roundTripSeconds: z.number().nullable(),
  lastMessageAgeSeconds: z.number().nullable(),
  patterns: z
    .array(z.string())
    .optional()
    .describe('What is subscribed to where Laravel publishes; the nodes have none.'),
})
export type RedisStatus = z.infer<typeof Redis>

export const ProcessStatus = z.object({
  pid: z.int(),
  generation: z.string(),
  state: z.string().describe('serving, draining or silent; the last one has said nothing else.'),
  uptimeSeconds: z.number().optional(),
  connections: Limited.optional(),
  openFiles: Limited.optional(),
  memory: z.object({ residentBytes: z.number(), limitBytes: z.number().optional() }).optional(),
  shortage: z
    .string()
    .nullish()
    .describe('files, memory or heap, of which new connections are told that there is no more.'),
  eventLoopDelay: z
    .object({ p99Seconds: z.number().nullable(), recentSeconds: z.number().optional() })
    .optional(),
  redis: z.array(Redis).optional(),
  apps: z
    .record(z.string(), z.number())
    .optional()
    .describe('How many are served, by where they come from.'),
  nodes: z.number().nullish().describe('Nodes that share a Redis, this one included.'),
  certificateEnd: z.string().nullable().optional().describe('ISO time; null without TLS.'),
})
export type ProcessStatus = z.infer<typeof ProcessStatus>

const Address = z.object({ host: z.string(), port: z.int() })

/** What `/status` answers. */
export const Status = z.object({
  version: z.string(),
  pid: z.int().describe('Of the process that was started.'),
  uptimeSeconds: z.number(),
  ready: z.boolean().describe('Whether new clients should come here.'),
  reason: z.string(),
  generation: z.object({ id: z.string(), startedAt: z.string() }),
  workers: z.object({
    wanted: z.int(),
    serving: z.int(),
    respawns: z.int(),
    lastEnding: z
      .object({ code: z.int().nullable(), signal: z.string().nullable(), at: z.string() })
      .nullable(),
  }),
  processes: z.array(ProcessStatus),
  connections: Limited,
  listeners: z.object({
    public: Address.extend({ tls: z.boolean() }),
    admin: Address.nullable(),
    socket: z.string().nullable(),
  }),
  isRestarting: z.boolean(),
  lastRestart: z
    .object({
      at: z.string(),
      reason: z.string().describe('What asked for it.'),
      outcome: z.string().describe('done or failed.'),
      message: z.string().optional().describe('Why it failed.'),
    })
    .nullable(),
})
export type Status = z.infer<typeof Status>

/** `resound status --json` */
export const StatusDocument = z.object({
  schema: z.literal('resound.status/1'),
  ...Status.shape,
})
