/**
 * What the running server says of itself, as far as checks look at it. It may be another release.
 */
import { z } from 'zod'

const Limited = z.object({ open: z.number().nullable(), limit: z.number().nullable() })

const Process = z.object({
  pid: z.int(),
  state: z.string(),
  node: z.string().optional(),
  version: z.string().optional(),
  uWebSockets: z.string().optional(),
  uptimeSeconds: z.number().optional(),
  connections: Limited.optional(),
  openFiles: Limited.optional(),
  memory: z.object({ residentBytes: z.number(), limitBytes: z.number().optional() }).optional(),
  shortage: z.string().nullish(),
  eventLoopDelay: z
    .object({ p99Seconds: z.number().nullable(), recentSeconds: z.number().optional() })
    .optional(),
  tcpMigrateReq: z.boolean().nullish(),
})
export type ServerProcess = z.infer<typeof Process>

export const ServerStatus = z.object({
  version: z.string(),
  time: z.string().optional(),
  pid: z.int(),
  uptimeSeconds: z.number(),
  ready: z.boolean(),
  reason: z.string(),
  workers: z.object({ wanted: z.int(), serving: z.int(), respawns: z.int() }),
  processes: z.array(Process),
  connections: Limited,
  listeners: z.object({
    public: z.object({ host: z.string(), port: z.int(), tls: z.boolean() }),
    socket: z.string().nullable(),
  }),
})
export type ServerStatus = z.infer<typeof ServerStatus>

export interface ReceivedStatus extends ServerStatus {
  /** By the clock of this machine. */
  readonly receivedAt: number
}

/** `http://127.0.0.1:8080`: where what listens is reached from its own machine. */
export function localUrlOf({ listeners: { public: at } }: ServerStatus): string {
  return `${at.tls ? 'https' : 'http'}://${reachable(at.host)}:${at.port}`
}

/** An address by which what listens on `host` is reached from here, as in a URL. */
export function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
