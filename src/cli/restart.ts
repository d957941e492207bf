/**
 * `resound restart`: a new generation takes over, and this returns when it has.
 */
import { z } from 'zod'
import { ResoundError } from '../errors.ts'
import { RunningServer, type Target } from './admin.ts'
import { EXIT, print, printJson } from './output.ts'

export interface RestartOptions extends Target {
  readonly json?: boolean
}

/** More than a successor is given to be ready. */
const TIMEOUT_MILLISECONDS = 60_000

const Restarted = z.object({
  generation: z.string(),
  previous: z.string(),
  start: z.array(z.string()),
  areJoined: z.boolean(),
})

const Status = z.object({ generation: z.object({ id: z.string() }) })

export async function restart({ json = false, ...target }: RestartOptions): Promise<number> {
  const server = await RunningServer.find(target)
  const restarted = Restarted.parse(await server.ask('POST', '/restart', TIMEOUT_MILLISECONDS))
  const { generation, previous, start, areJoined } = restarted
  const { id } = Status.parse(await server.ask('GET', '/status')).generation
  if (id !== generation) {
    throw new ResoundError(
      'RESOUND_SERVER_REFUSED',
      `Generation ${id} is serving, not ${generation}.`,
    )
  }
  if (!areJoined) {
    process.stderr.write(
      'Warning: without redis.url the old and the new process do not hear each other. Until the\nold one has let its connections go, an event reaches only those of the process it came to.\n',
    )
  }
  if (start.length > 0) {
    process.stderr.write(`Taken over by stop and start only: ${start.join(', ')}\n`)
  }
  if (json) printJson('restart', { generation, previous, start, areJoined })
  else print(`Generation ${generation} is serving; ${previous} lets its connections go`)
  return EXIT.DONE
}
