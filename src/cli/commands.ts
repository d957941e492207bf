/**
 * Which commands there are, and the module that each is in. Only that of the command that is run is
 * loaded: most of the time that a command takes is spent on loading.
 */
import { Command, Option } from 'commander'
import { version } from '../version.ts'
import { helpWidth, narrowed } from './help.ts'
import { COLOUR_CHOICES } from './output.ts'
import type { Adding, Ended } from './target-options.ts'

/** In the order of the help. The name is that of the first word on the command line. */
const COMMANDS: readonly (readonly [names: readonly string[], load: () => Promise<Adding>])[] = [
  [['start'], async () => (await import('./start.ts')).startCommand],
  [['stop', 'drain'], async () => (await import('./stop.ts')).stopCommands],
  [['restart'], async () => (await import('./restart.ts')).restartCommand],
  [['reload'], async () => (await import('./reload.ts')).reloadCommand],
  [['status'], async () => (await import('./status.ts')).statusCommand],
  [['health'], async () => (await import('./health-command.ts')).healthCommand],
  [['diagnose'], async () => (await import('./diagnose.ts')).diagnoseCommand],
  [['metrics'], async () => (await import('./metrics.ts')).metricsCommand],
  [['console'], async () => (await import('./console.ts')).consoleCommand],
  [['tail'], async () => (await import('./tail.ts')).tailCommand],
  [['channels'], async () => (await import('./channels.ts')).channelsCommand],
  [['connections'], async () => (await import('./connections.ts')).connectionsCommand],
  [['users'], async () => (await import('./users.ts')).usersCommand],
  [['trigger'], async () => (await import('./trigger.ts')).triggerCommand],
  [['config'], async () => (await import('./config-command.ts')).configCommands],
  [['webhooks'], async () => (await import('./webhooks.ts')).webhooksCommands],
  [['bench'], async () => (await import('./bench.ts')).benchCommand],
  [['completion', '__complete'], async () => (await import('./completion.ts')).completionCommands],
  [['version'], async () => (await import('./version.ts')).versionCommand],
  [['worker'], async () => (await import('./serve.ts')).workerCommand],
]

/**
 * The commands.
 * @param ended told the exit code of the one that is run
 * @param first the first word on the command line: that command alone; all where it is none
 */
export async function commands(ended: Ended, first?: string): Promise<Command> {
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
    .configureOutput({
      writeOut: (text) => void process.stdout.write(narrowed(text, helpWidth(process.stdout))),
      writeErr: (text) => void process.stderr.write(narrowed(text, helpWidth(process.stderr))),
    })
    .showHelpAfterError('Try --help')
    .exitOverride()
  const asked = COMMANDS.filter(([names]) => first !== undefined && names.includes(first))
  for (const [, load] of asked.length > 0 ? asked : COMMANDS) {
    const add = await load()
    add(program, ended, () => commands(ended))
  }
  return program
}
