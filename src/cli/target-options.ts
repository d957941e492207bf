/**
 * Options that several commands have, each the same wherever it stands.
 */
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ColourChoice } from './output.ts'

/** Told the exit code of the command that is run. */
export type Ended = (code: number) => void

/** Adds a command, or some. @param whole makes all there are, for what is about them */
export type Adding = (program: Command, ended: Ended, whole: () => Promise<Command>) => void

/** When to colour, as the command line says. */
export const colourOf = (program: Command): ColourChoice =>
  program.opts<{ color: ColourChoice }>().color

/** Beside the help of a command that asks a running server. */
export const ADMIN_HELP = `
Asks the server that was started with the same --config, --laravel, environment
and, without either, working directory: on its admin socket, else on the admin
port of the configuration. --admin-url takes its token from RESOUND_ADMIN_TOKEN.
Ends with 69 when it does not answer, with 1 when it refuses.`

/** As JSON, for programs. */
export function json(): Option {
  return new Option('--json', 'print JSON, for programs')
}

/** The options that say where the configuration is; the same wherever one is read. */
export function withSources(command: Command): Command {
  return command
    .option('--config <file>', 'configuration file, JSON (or RESOUND_CONFIG)')
    .option('--laravel <dir>', 'Laravel app whose .env to take values from')
}

function urlOf(text: string): string {
  if (URL.canParse(text) && /^https?:/.test(text)) return text
  throw new InvalidArgumentError('It is an http:// or https:// URL.')
}

/** The options of a command that asks a running server. */
export function withServer(command: Command): Command {
  return withSources(command)
    .addOption(
      new Option('--admin-url <url>', 'its admin port, instead of looking for it').argParser(urlOf),
    )
    .addOption(json())
}
