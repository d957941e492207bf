/**
 * `resound reload`: the running server reads its configuration again.
 */

import type { Command } from 'commander'
import { z } from 'zod'
import { RunningServer, type Target } from './admin.ts'
import { EXIT, print, printJson } from './output.ts'
import { ADMIN_HELP, type Ended, withServer } from './target-options.ts'

export interface ReloadOptions extends Target {
  readonly json?: boolean
}

/** More than every worker is given for it. */
const TIMEOUT_MILLISECONDS = 30_000

const Reloaded = z.object({ restart: z.array(z.string()), start: z.array(z.string()) })

export async function reload({ json = false, ...target }: ReloadOptions): Promise<number> {
  const server = await RunningServer.find(target)
  const { restart, start } = Reloaded.parse(
    await server.ask('POST', '/reload', TIMEOUT_MILLISECONDS),
  )
  if (json) {
    printJson('reload', { restart, start })
    return EXIT.DONE
  }
  print('The configuration is in effect')
  if (restart.length > 0) print(`Taken over by resound restart only: ${restart.join(', ')}`)
  if (start.length > 0) print(`Taken over by stop and start only: ${start.join(', ')}`)
  return EXIT.DONE
}

const RELOAD_HELP = `
Nobody is dropped but those of an app that was removed or disabled. Options that
need a restart are named. An invalid configuration changes nothing; its problems
are listed.
Ends with 78 then.`

/** Adds the command. */
export function reloadCommand(program: Command, ended: Ended): void {
  withServer(program.command('reload'))
    .summary('have the configuration read again')
    .description('Has the running server read its configuration again')
    .addHelpText('after', RELOAD_HELP + ADMIN_HELP)
    .action(async (options: ReloadOptions) => ended(await reload(options)))
}
