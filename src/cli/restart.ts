/**
 * `resound restart`: a new generation takes over, and this returns when it has.
 */

import type { Command } from 'commander'
import { z } from 'zod'
import { ResoundError } from '../errors.ts'
import { RunningServer, type Target } from './admin.ts'
import { EXIT, print, printJson } from './output.ts'
import { ADMIN_HELP, type Ended, withServer } from './target-options.ts'

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

const RESTART_HELP = `
Starts the program from its file again, with the configuration read again, next
to the one that serves; the port stays open. When the new one is ready for
clients, the old one lets its connections go at a pace, and this returns. One
that is not ready within 30 s is ended, and the old one goes on.
Ends with 78 when the configuration is refused, with 1 for any other reason.`

/** Adds the command. */
export function restartCommand(program: Command, ended: Ended): void {
  withServer(program.command('restart'))
    .summary('replace the running server')
    .description('Replaces the running server without closing its port')
    .addHelpText('after', RESTART_HELP + ADMIN_HELP)
    .action(async (options: RestartOptions) => ended(await restart(options)))
}
