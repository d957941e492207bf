/** What `resound status --json` says of a server, as far as tests look at it. */
import { z } from 'zod'
import type { StartedServer } from './command.ts'

const Status = z.object({
  schema: z.literal('resound.status/1'),
  pid: z.int(),
  ready: z.boolean(),
  reason: z.string(),
  generation: z.object({ id: z.string(), number: z.int() }),
  workers: z.object({
    wanted: z.int(),
    serving: z.int(),
    respawns: z.int(),
    lastEnding: z.object({ code: z.int().nullable(), signal: z.string().nullable() }).nullable(),
  }),
  processes: z.array(
    z.object({
      pid: z.int(),
      state: z.string(),
      generation: z.string(),
      connections: z.object({ open: z.int() }).optional(),
    }),
  ),
  connections: z.object({ open: z.int() }),
  listeners: z.object({ socket: z.string().nullable() }),
  lastRestart: z.object({ outcome: z.string(), message: z.string().optional() }).nullable(),
})
export type Status = z.infer<typeof Status>

/** @throws Error with what the command says when it fails */
export async function statusOf(server: StartedServer): Promise<Status> {
  const { code, stdout, stderr } = await server.command('status', '--json')
  if (code !== 0) throw new Error(`status ended with ${code}: ${stderr}`)
  return Status.parse(JSON.parse(stdout))
}

/** Whether a process is there. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false // ESRCH
  }
}
