/**
 * `resound config`: its subcommands, and what they take.
 */
import { type Command, Option } from 'commander'
import type { Flags } from '../config/sources.ts'
import { check, docs, env, PAGES, type Page, show } from './config.ts'
import { importCommands } from './import-soketi.ts'
import { type Ended, json, withSources } from './target-options.ts'

const CONFIG_HELP = `
Reads the file, the environment and the Laravel app's .env; writes nothing.
Ends with 78 when the configuration is refused.`

interface Json {
  readonly json?: boolean
}

/** Adds `config` and its subcommands. */
export function configCommands(program: Command, ended: Ended): void {
  const config = program
    .command('config')
    .summary('check and show the configuration')
    .description('Checks, shows and documents the configuration')
    .helpCommand(false)
  withSources(config.command('check'))
    .summary('say whether start would accept it')
    .description('Says whether start would accept the configuration; starts nothing')
    .addOption(json())
    .addHelpText('after', CONFIG_HELP)
    .action((options: Flags & Json) => ended(check(options)))
  withSources(config.command('show'))
    .summary('print the values in effect')
    .description('Prints every value in effect and where it came from, secrets masked')
    .addOption(json())
    .addHelpText('after', CONFIG_HELP)
    .action((options: Flags & Json) => ended(show(options)))
  config
    .command('docs')
    .summary('print the reference')
    .description('Prints the reference as Markdown')
    .addOption(new Option('--page <page>', 'which page').choices(PAGES).default('options'))
    .addOption(json())
    .action((options: Json & { page: Page }) => ended(docs(options, program)))
  config
    .command('env')
    .summary('print every environment variable')
    .description('Prints every environment variable, its default and what it sets')
    .addOption(json())
    .action((options: Json) => ended(env(options)))
  importCommands(config, ended)
}
