import type { Command } from 'commander'
import { version } from '../version.ts'
import { EXIT, print, printJson } from './output.ts'
import { type Ended, json as jsonOption } from './target-options.ts'

/** `resound version`: what runs here. */
export function showVersion({ json = false }: { readonly json?: boolean }): number {
  const { node } = process.versions
  if (json) printJson('version', { version, node })
  else print(`resound ${version} (Node.js ${node})`)
  return EXIT.DONE
}

/** Adds the command. */
export function versionCommand(program: Command, ended: Ended): void {
  program
    .command('version')
    .summary('print the version')
    .description('Prints the versions of Resound and Node.js')
    .addOption(jsonOption())
    .action((options: { readonly json?: boolean }) => ended(showVersion(options)))
}
