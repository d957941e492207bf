/**
 * `health` on the command line.
 */
import { type Command, Option } from 'commander'
import { DEFAULT_BUDGET, MOST_MS } from '../health/judge.ts'
import { FORMATS, type HealthOptions, health } from './health.ts'
import type { ColourChoice } from './output.ts'

const HELP = `
The server publishes an event through the HTTP API of its public port, and has
to see it come back over a WebSocket there. Every process that serves does so;
no webhook and no list of channels tells of it.
With --url this command does the same from here, at any server that speaks the
Pusher protocol, as the app of the configuration or the one that is named. Give
a secret by RESOUND_APP_SECRET rather than by --secret, which others can see.
Ends with 0 when it is ok, 1 for a warning (late, an app that is full), 2 when
no event comes back or no server answers, 3 when it cannot be judged, which a
wrong usage is as well.`

/** @param ended told the exit code */
export function defineHealth(command: Command, program: Command, ended: (code: number) => void) {
  const { warnMs, critMs } = DEFAULT_BUDGET
  command
    .summary('find out whether it serves')
    .description('Finds out whether the server serves: an event has to come back')
    .addOption(new Option('--format <format>', 'how to print it').choices(FORMATS))
    .option('--warn-ms <number>', `later than that is a warning, ${warnMs} without it`)
    .option(
      '--crit-ms <number>',
      `later than that is critical, ${critMs} without it, at most ${MOST_MS}`,
    )
    .option('--ignore-redis', 'other nodes that are not reached are a warning only')
    .option('--url <url>', 'a server by its public address, ws:// or wss://')
    .option('--app-id <id>', 'with --url: the app')
    .option('--key <key>', 'with --url: its key')
    .option('--secret <secret>', 'with --url: its secret')
    .option('--ca <file>', 'with --url: certificates to trust, PEM')
    .option('--insecure', 'with --url: trust any certificate')
    .addHelpText('after', HELP)
    .action(async (options: HealthOptions) => {
      const { color } = program.opts<{ color: ColourChoice }>()
      ended(await health(options, color))
    })
}
