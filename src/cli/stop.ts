/**
 * `resound stop` and `resound drain`: end the running server, and return when it has ended.
 */

import type { Command } from 'commander'
import { z } from 'zod'
import { ResoundError } from '../errors.ts'
import { RunningServer, type Target } from './admin.ts'
import { EXIT, print, printJson } from './output.ts'
import { ADMIN_HELP, type Ended, withServer } from './target-options.ts'

export interface StopOptions extends Target {
  /** Without letting connections go at a pace. */
  readonly now?: boolean
  readonly json?: boolean
}

/** Beyond the drain's own window, for what is under way to end. */
const REST_SECONDS = 90

const Ending = z.object({ pid: z.int(), windowSeconds: z.number() })

export async function stop({ now = false, json = false, ...target }: StopOptions): Promise<number> {
  const server = await RunningServer.find(target)
  const begun = Date.now()
  const { pid, windowSeconds } = Ending.parse(
    await server.ask('POST', `/drain?now=${now ? '1' : '0'}`),
  )
  if (!json) process.stderr.write(`Waiting for process ${pid} to end\n`)
  const seconds = (now ? 0 : windowSeconds) + REST_SECONDS
  if (!(await server.isGone(pid, seconds * 1000))) {
    throw new ResoundError(
      'RESOUND_SERVER_REFUSED',
      `Process ${pid} has not ended in ${seconds} s.`,
      {
        remedy: 'Look for the reason in its log; --now ends it at once.',
      },
    )
  }
  const took = Math.round((Date.now() - begun) / 100) / 10
  if (json) printJson('stop', { pid, seconds: took })
  else print(`Process ${pid} has ended after ${took} s`)
  return EXIT.DONE
}

const STOP_HELP = `
Connections are closed with 4200 at a pace (drain.*), and clients come back at
once: to another node, or to the next start. Returns when the process has ended.`

/** Adds `stop`, and `drain`, which is the same. */
export function stopCommands(program: Command, ended: Ended): void {
  withServer(program.command('stop'))
    .summary('end the running server')
    .description('Ends the running server after letting its connections go')
    .option('--now', 'without letting connections go at a pace')
    .addHelpText('after', STOP_HELP + ADMIN_HELP)
    .action(async (options: StopOptions) => ended(await stop(options)))
  withServer(program.command('drain'))
    .summary('the same as stop')
    .description('Ends the running server after letting its connections go, as stop does')
    .option('--now', 'without letting connections go at a pace')
    .addHelpText('after', STOP_HELP + ADMIN_HELP)
    .action(async (options: StopOptions) => ended(await stop(options)))
}
