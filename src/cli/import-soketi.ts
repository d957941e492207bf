/**
 * `resound config import soketi`: a configuration file out of another server's settings.
 */
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { processEnvironment } from '../config/load.ts'
import { refusal } from '../config/problem.ts'
import { ResoundError } from '../errors.ts'
import type { Note } from '../soketi/piece.ts'
import { SoketiSettings } from '../soketi/settings.ts'
import { translate } from '../soketi/translate.ts'
import { EXIT, print, printJson, reportFault, wrapped } from './output.ts'
import { type Ended, json as jsonOption } from './target-options.ts'

export interface ImportRequest {
  /** soketi's JSON file. At least one of this and `env`. */
  readonly file: string | undefined
  /** Whether SOKETI_ variables count. */
  readonly env: boolean
  /** Where the configuration is written instead of to standard output. */
  readonly output: string | undefined
  readonly json: boolean
}

/** Prints a configuration, and on standard error what could not be kept. @returns the exit code */
export function importSoketi({ file, env, output, json }: ImportRequest): number {
  const soketi = SoketiSettings.read({
    file: file === undefined ? undefined : { path: resolve(file), name: file },
    environment: env
      ? { variables: processEnvironment(), dotenv: join(process.cwd(), '.env') }
      : undefined,
  })
  if ('problems' in soketi) return reportFault(refusal(soketi.problems))
  const { config, notes, isComplete } = translate(soketi)
  const text = `${JSON.stringify(config, null, 2)}\n`
  if (output !== undefined) keep(output, text)
  if (json) printJson('config.import', { from: 'soketi', config, notes })
  else if (output === undefined) process.stdout.write(text)
  else print(`The configuration is written: ${output}`)
  if (!json) for (const note of notes) process.stderr.write(`${wrapped(lineOf(note), '')}\n`)
  return isComplete ? EXIT.DONE : EXIT.FAILED
}

function lineOf({ kind, place, setting, message }: Note): string {
  return `${kind}: ${place === undefined ? '' : `${place}: `}${setting} ${message}`
}

/** Writes a file that is not there yet, for its owner only: it holds secrets. */
function keep(output: string, text: string): void {
  try {
    writeFileSync(output, text, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    throw new ResoundError(
      'RESOUND_OUTPUT_UNWRITABLE',
      `${output} cannot be written (${error.code}).`,
      { cause: error },
    )
  }
}

const IMPORT_HELP = `
Reads the JSON file that soketi was started with, its SOKETI_ variables (and
those in an .env here, as soketi does), or both, where variables win. Prints a
configuration for start --config; it holds the apps' secrets.
What is not taken over, or works differently, is listed on standard error.
Ends with 1 when an app could not be taken over, after printing the rest, and
with 78 when the file cannot be read.`

interface ImportOptions {
  readonly env?: boolean
  readonly output?: string
  readonly json?: boolean
}

/** Adds `config import` and its subcommand. */
export function importCommands(config: Command, ended: Ended): void {
  const imports = config
    .command('import')
    .summary('make a configuration out of another server')
    .description("Makes a configuration file out of another server's settings")
    .helpCommand(false)
  imports
    .command('soketi')
    .summary('of soketi')
    .description("Makes a configuration file out of soketi's settings")
    .argument('[file]', "soketi's configuration file, JSON")
    .option('--env', 'read SOKETI_ variables as well, or alone')
    .option('--output <file>', 'write it there, where no file may be yet')
    .addOption(jsonOption())
    .addHelpText('after', IMPORT_HELP)
    .action((file: string | undefined, options: ImportOptions, command: Command) => {
      const { env = false, output, json: asJson = false } = options
      if (file === undefined && !env) command.error('error: name a file, or use --env')
      ended(importSoketi({ file, env, output, json: asJson }))
    })
}
