/**
 * Options that several commands have, each the same wherever it stands.
 */
import { type Command, Option } from 'commander'

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

/** The options of a command that asks a running server. */
export function withServer(command: Command): Command {
  return withSources(command)
    .option('--admin-url <url>', 'its admin port, instead of looking for it')
    .addOption(json())
}
