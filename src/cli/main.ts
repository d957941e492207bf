/**
 * The command line: what becomes of the outcome of a command.
 *
 * Exit codes: 0 done, 1 failed, 2 wrong usage, 69 server not reachable, 78 bad configuration,
 * 130 interrupted. `health` and `diagnose` have those of a Nagios plugin.
 */
import { CommanderError } from 'commander'
import { commands } from './commands.ts'
import { AS_NAGIOS, EXIT, reportFault } from './output.ts'
import { watchReader } from './reader.ts'

/** Runs one command. @returns the exit code */
export async function main(given: readonly string[]): Promise<number> {
  watchReader()
  const argv = withoutHelpWord(given)
  let code: number = EXIT.DONE
  const first = firstWord(argv)
  try {
    const program = await commands((outcome) => {
      code = outcome
    }, first)
    await program.parseAsync(argv, { from: 'user' })
    return code
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportFault(error)
    if (error.exitCode === 0) return EXIT.DONE
    return AS_NAGIOS.some((name) => name === first) ? EXIT.UNKNOWN : EXIT.WRONG_USAGE
  }
}

/** `resound help CMD` is `resound CMD --help`: only the module of a command that is named is loaded. */
function withoutHelpWord(argv: readonly string[]): readonly string[] {
  if (firstWord(argv) !== 'help') return argv
  const at = argv.indexOf('help')
  return [...argv.slice(0, at), ...argv.slice(at + 1), '--help']
}

/** The command, past the options that stand before it. */
function firstWord(argv: readonly string[]): string | undefined {
  const [option, ...rest] = argv
  if (option === '--color') return firstWord(rest.slice(1))
  if (option?.startsWith('--color=') === true) return firstWord(rest)
  return option
}
