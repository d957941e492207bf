/**
 * `resound console`: where the web console of the running server is, with the key that opens it.
 */
import type { Command } from 'commander'
import { askServer, type Target } from './admin.ts'
import { ConsoleDocument } from './documents/console.ts'
import { EXIT, print, printJson } from './output.ts'
import { withServer } from './target-options.ts'

interface ConsoleOptions extends Target {
  readonly json?: boolean
}

const HELP = `
The link holds a key that is made anew at each start: who has it may send events
and close connections. It is in the fragment, which browsers send to nobody.
`

const Link = ConsoleDocument.pick({ url: true })

/** Adds the command. @param help on how the server is found */
export function consoleCommand(
  program: Command,
  ended: (code: number) => void,
  help: string,
): void {
  withServer(program.command('console'))
    .summary('print a link to the web console')
    .description("Prints a link to the running server's web console")
    .addHelpText('after', HELP + help)
    .action(async (options: ConsoleOptions) => ended(await showConsole(options)))
}

async function showConsole({ json = false, ...target }: ConsoleOptions): Promise<number> {
  const { url } = Link.parse(await askServer(target, 'GET', '/console/link'))
  const here = target.adminUrl === undefined ? url : seenFrom(target.adminUrl, url)
  if (json) printJson('console', { url: here })
  else print(here)
  return EXIT.DONE
}

/** The server knows its own address only; who reached it by another opens the console there. */
function seenFrom(adminUrl: string, url: string): string {
  return new URL(`/${new URL(url).hash}`, adminUrl).href
}
