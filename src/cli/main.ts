/**
 * The command line: which commands there are, and what becomes of their outcome.
 *
 * Exit codes: 0 done, 1 failed, 2 wrong usage, 69 server not reachable, 78 bad configuration,
 * 130 interrupted. `health` has those of a Nagios plugin.
 */
import { Command, CommanderError, Option } from 'commander'
import { WORKER_COMMAND } from '../process/forked-worker.ts'
import { serveWorker } from '../process/serve-worker.ts'
import { version } from '../version.ts'
import { benchCommand } from './bench.ts'
import { channelsCommand } from './channels.ts'
import { AS_NAGIOS } from './commands-page.ts'
import { configCommands } from './config-command.ts'
import { connectionsCommand } from './connections.ts'
import { consoleCommand } from './console.ts'
import { diagnoseCommand } from './diagnose.ts'
import { defineHealth } from './health-command.ts'
import { metricsCommand } from './metrics.ts'
import { COLOUR_CHOICES, EXIT, reportFault } from './output.ts'
import { reloadCommand } from './reload.ts'
import { restartCommand } from './restart.ts'
import { startCommand } from './start.ts'
import { statusCommand } from './status.ts'
import { stopCommands } from './stop.ts'
import { tailCommand } from './tail.ts'
import { ADMIN_HELP, withServer, withSources } from './target-options.ts'
import { triggerCommand } from './trigger.ts'
import { usersCommand } from './users.ts'
import { versionCommand } from './version.ts'
import { webhooksCommands } from './webhooks.ts'

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

  startCommand(program, ended)
  stopCommands(program, ended)
  restartCommand(program, ended)
  reloadCommand(program, ended)
  statusCommand(program, ended)
  consoleCommand(program, ended, ADMIN_HELP)
  defineHealth(withServer(program.command('health')), program, ended)
  tailCommand(program, ended)
  channelsCommand(program, ended)
  connectionsCommand(program, ended)
  usersCommand(program, ended)
  triggerCommand(program, ended)
  diagnoseCommand(program, ended)
  metricsCommand(program, ended)
  program.command(WORKER_COMMAND, { hidden: true }).action(async () => ended(await serveWorker()))
  configCommands(program, ended)
  webhooksCommands(program, ended)
  benchCommand(program, withSources, ended)
  versionCommand(program, ended)
  return program
}
