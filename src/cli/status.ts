/**
 * `resound status`: how the running server is, on one screen.
 */

import type { Command } from 'commander'
import { z } from 'zod'
import { RunningServer, type Target } from './admin.ts'
import { Status } from './documents/status.ts'
import { type ColourChoice, EXIT, print, printJson } from './output.ts'
import { pauseWhileRead } from './reader.ts'
import { screen } from './status-screen.ts'
import { ADMIN_HELP, colourOf, type Ended, withServer } from './target-options.ts'
import { terminal } from './terminal.ts'

export interface StatusOptions extends Target {
  readonly json?: boolean
  readonly watch?: boolean
}

const WATCH_MILLISECONDS = 2000
const CLEAR = '\u001b[2J\u001b[H'

/** @returns 0 whatever the state is: `health` is the command that judges */
export async function status(options: StatusOptions, colour?: ColourChoice): Promise<number> {
  const { json = false, watch = false, ...target } = options
  const server = await RunningServer.find(target)
  for (;;) {
    const document = z.looseObject({}).parse(await server.ask('GET', '/status'))
    const facts = terminal(process.stdout, colour) // each time: a terminal may have another width
    if (json) printJson('status', document)
    else print(`${watch && facts.isTerminal ? CLEAR : ''}${screen(Status.parse(document), facts)}`)
    if (!watch || !(await pauseWhileRead(WATCH_MILLISECONDS))) return EXIT.DONE
  }
}

/** Adds the command. */
export function statusCommand(program: Command, ended: Ended): void {
  withServer(program.command('status'))
    .summary('show how the running server is')
    .description('Shows how the running server is')
    .option('--watch', 'again every two seconds, until interrupted')
    .addHelpText('after', ADMIN_HELP)
    .action(async (options: StatusOptions) => {
      ended(await status(options, colourOf(program)))
    })
}
