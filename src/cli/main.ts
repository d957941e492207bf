/**
 * The command line: which commands there are, and what becomes of their outcome.
 *
 * Exit codes: 0 done, 1 failed, 2 wrong usage, 69 server not reachable, 78 bad configuration,
 * 130 interrupted. `health` has those of a Nagios plugin.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { Flags } from '../config/sources.ts'
import { WORKER_COMMAND } from '../process/forked-worker.ts'
import { serveWorker } from '../process/serve-worker.ts'
import { version } from '../version.ts'
import { benchCommand } from './bench.ts'
import { channelsCommand } from './channels.ts'
import { AS_NAGIOS } from './commands-page.ts'
import { check, docs, env, PAGES, type Page, show } from './config.ts'
import { connectionsCommand } from './connections.ts'
import { consoleCommand } from './console.ts'
import { type DiagnoseOptions, diagnose } from './diagnose.ts'
import { defineHealth } from './health-command.ts'
import { importSoketi } from './import-soketi.ts'
import { type MetricsOptions, metrics } from './metrics.ts'
import { COLOUR_CHOICES, type ColourChoice, EXIT, reportFault } from './output.ts'
import { type ReloadOptions, reload } from './reload.ts'
import { type RestartOptions, restart } from './restart.ts'
import { start } from './start.ts'
import { type StatusOptions, status } from './status.ts'
import { type StopOptions, stop } from './stop.ts'
import { tailCommand } from './tail.ts'
import { ADMIN_HELP, json, withServer, withSources } from './target-options.ts'
import { triggerCommand } from './trigger.ts'
import { usersCommand } from './users.ts'
import { showVersion } from './version.ts'
import { type ListOptions, listWebhooks, type ReplayOptions, replayWebhooks } from './webhooks.ts'

const CONFIG_HELP = `
Reads the file, the environment and the Laravel app's .env; writes nothing.
Ends with 78 when the configuration is refused.`

const START_HELP = `
Without a configured app, one is generated and kept in .resound/ here.
SIGTERM and SIGINT let connections go at a pace and end with 0; a second one
ends at once, with 130. SIGHUP reads the configuration again, SIGUSR2 restarts.
Ends with 78 when the configuration is refused, with 1 when it cannot listen.`

const IMPORT_HELP = `
Reads the JSON file that soketi was started with, its SOKETI_ variables (and
those in an .env here, as soketi does), or both, where variables win. Prints a
configuration for start --config; it holds the apps' secrets.
What is not taken over, or works differently, is listed on standard error.
Ends with 1 when an app could not be taken over, after printing the rest, and
with 78 when the file cannot be read.`

const STOP_HELP = `
Connections are closed with 4200 at a pace (drain.*), and clients come back at
once: to another node, or to the next start. Returns when the process has ended.`

const RESTART_HELP = `
Starts the program from its file again, with the configuration read again, next
to the one that serves; the port stays open. When the new one is ready for
clients, the old one lets its connections go at a pace, and this returns. One
that is not ready within 30 s is ended, and the old one goes on.
Ends with 78 when the configuration is refused, with 1 for any other reason.`

const RELOAD_HELP = `
Nobody is dropped but those of an app that was removed or disabled. Options that
need a restart are named. An invalid configuration changes nothing; its problems
are listed.
Ends with 78 then.`

const DIAGNOSE_HELP = `
Goes the way that a message goes and names the first broken link, with what was
seen, why, and the fix to paste. Changes nothing. With --laravel, that app and
its pages are looked at as well; the server is found as by resound status.
Ends as a Nagios plugin: 0 ok, 1 warning, 2 critical, 3 unknown or wrong usage.`

const METRICS_HELP = `
Prints what Prometheus gets at /metrics; docs/metrics.md says what each is.
With --watch, rates over each interval: a table on a terminal, a row per
interval in a pipe, a line of JSON with --json.`

/** Runs one command. @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
  // A reader that has seen enough, as in `resound config docs | head`, is not a fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
  let code: number = EXIT.DONE
  try {
    await commands((outcome) => {
      code = outcome
    }).parseAsync(argv, { from: 'user' })
    return code
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportFault(error)
    if (error.exitCode === 0) return EXIT.DONE
    return AS_NAGIOS.some((name) => argv.includes(name)) ? EXIT.UNKNOWN : EXIT.WRONG_USAGE
  }
}

/** All commands there are. @param ended told the exit code of the one that is run */
export function commands(ended: (code: number) => void): Command {
  const program = new Command('resound')
    .description('A Laravel-compatible, Pusher-protocol WebSocket server')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .addOption(
      new Option('--color <when>', 'colour the output').choices(COLOUR_CHOICES).default('auto'),
    )
    .configureHelp({
      helpWidth: 80,
      showGlobalOptions: true,
      subcommandTerm: (command) => command.name(), // its own help shows what it takes
    })
    .showHelpAfterError('Try --help')
    .exitOverride()

  withSources(program.command('start'))
    .summary('run the server')
    .description('Runs the server in the foreground')
    .option('--host <address>', 'address to listen on')
    .option('--port <number>', 'port for WebSocket and HTTP API, 0 for a free one')
    .option('--workers <number>', 'processes that serve; above 1 needs Redis')
    .option('--log-level <level>', 'least severe level that is logged')
    .option('--log-format <format>', 'pretty or json')
    .addHelpText('after', START_HELP)
    .action(async (flags: Flags) => {
      const { color } = program.opts<{ color: ColourChoice }>()
      ended(await start(flags, color))
    })

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
  withServer(program.command('restart'))
    .summary('replace the running server')
    .description('Replaces the running server without closing its port')
    .addHelpText('after', RESTART_HELP + ADMIN_HELP)
    .action(async (options: RestartOptions) => ended(await restart(options)))
  withServer(program.command('reload'))
    .summary('have the configuration read again')
    .description('Has the running server read its configuration again')
    .addHelpText('after', RELOAD_HELP + ADMIN_HELP)
    .action(async (options: ReloadOptions) => ended(await reload(options)))
  withServer(program.command('status'))
    .summary('show how the running server is')
    .description('Shows how the running server is')
    .option('--watch', 'again every two seconds, until interrupted')
    .addHelpText('after', ADMIN_HELP)
    .action(async (options: StatusOptions) => {
      const { color } = program.opts<{ color: ColourChoice }>()
      ended(await status(options, color))
    })
  consoleCommand(program, ended, ADMIN_HELP)
  defineHealth(withServer(program.command('health')), program, ended)
  tailCommand(program, ended)
  channelsCommand(program, ended)
  connectionsCommand(program, ended)
  usersCommand(program, ended)
  triggerCommand(program, ended)
  withServer(program.command('diagnose'))
    .summary('find out why it does not work')
    .description('Finds out why it does not work, from the configuration to the browser')
    .option('--url <url>', 'where browsers connect, ws(s):// or http(s)://')
    .option('--channel <name>', 'the channel that does not work')
    .option('--cookie <header>', "of a browser's session in the app, or @FILE")
    .option('--token <token>', 'bearer token for the app, or @FILE')
    .option('--login <user>', 'EMAIL:PASSWORD of a user of the app, or @FILE')
    .option('--origin <origin>', "of the app's pages, where it is not that of APP_URL")
    .option('--ca <file>', 'PEM of an authority that browsers trust here as well')
    .option('--idle <seconds>', 'watch a silent WebSocket for so long, at most 600')
    .option('--bundle <file>', 'write an archive for support, without a secret in it')
    .option('--event-bytes <number>', "data of the app's largest event, in bytes")
    .option('--as-user <id>', 'a user of the app, asked for in PHP without a login')
    .option('--auth-url <url>', 'where pages ask who may subscribe')
    .option('--only <ids>', 'checks or areas, with commas, and what they need')
    .option('--skip <ids>', 'without these checks or areas')
    .option('--list', 'say which checks there are')
    .addHelpText('after', DIAGNOSE_HELP)
    .action(async (options: DiagnoseOptions) => {
      const { color } = program.opts<{ color: ColourChoice }>()
      ended(await diagnose(options, color))
    })
  addMetrics(program, ended)
  program.command(WORKER_COMMAND, { hidden: true }).action(async () => ended(await serveWorker()))

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
    .addOption(json())
    .addHelpText('after', IMPORT_HELP)
    .action((file: string | undefined, options: Json & Import, command: Command) => {
      const { env = false, output, json: asJson = false } = options
      if (file === undefined && !env) command.error('error: name a file, or use --env')
      ended(importSoketi({ file, env, output, json: asJson }))
    })

  const webhooks = program
    .command('webhooks')
    .summary('show and repeat webhooks that were given up')
    .description('Shows webhook requests that a running server has given up, and repeats them')
    .helpCommand(false)
  withServer(webhooks.command('list'))
    .summary('show what was given up')
    .description('Shows the webhook requests that were given up, the newest first')
    .option('--app <id>', 'of one app only')
    .option('--limit <number>', 'at most so many, 100 without it')
    .option('--payloads', 'with the events that they carry')
    .addHelpText('after', ADMIN_HELP)
    .action(async (options: ListOptions) => ended(await listWebhooks(options)))
  withServer(webhooks.command('replay'))
    .summary('send again what was given up')
    .description('Puts webhook requests that were given up back into their queues')
    .option('--app <id>', 'of one app only')
    .option('--id <id>', 'one request only')
    .addHelpText('after', ADMIN_HELP)
    .action(async (options: ReplayOptions) => ended(await replayWebhooks(options)))

  benchCommand(program, withSources, ended)

  program
    .command('version')
    .summary('print the version')
    .description('Prints the versions of Resound and Node.js')
    .addOption(json())
    .action((options: Json) => ended(showVersion(options)))
  return program
}

function addMetrics(program: Command, ended: (code: number) => void): void {
  withServer(program.command('metrics'))
    .summary('print the metrics of the running server')
    .description('Prints the metrics of the running server, or watches its main rates')
    .option('--watch', 'show the main rates, until interrupted')
    .addOption(
      new Option('--interval <seconds>', 'between looks, with --watch')
        .default(2)
        .argParser(intervalOf),
    )
    .addHelpText('after', METRICS_HELP + ADMIN_HELP)
    .action(async (options: MetricsOptions) => ended(await metrics(options)))
}

function intervalOf(text: string): number {
  const seconds = Number(text)
  if (!(seconds >= 0.1 && seconds <= 3600)) {
    throw new InvalidArgumentError('It is a number of seconds from 0.1 to 3600.')
  }
  return seconds
}

interface Json {
  readonly json?: boolean
}

interface Import {
  readonly env?: boolean
  readonly output?: string
}
