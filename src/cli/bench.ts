/**
 * `resound bench`: a load test of any server that speaks the Pusher protocol.
 */
import { randomBytes } from 'node:crypto'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { MOST, type Plan, SCENARIOS, type Scenario, WAYS, type Way } from '../bench/plan.ts'
import { KINDS, type Kind } from '../bench/shape.ts'
import { ProgressLine } from './bench-progress.ts'
import { documentOf, reportText } from './bench-report.ts'
import { remoteHosts, TargetFinder, type TargetOptions, WrongUsage } from './bench-target.ts'
import { type ColourChoice, EXIT, print } from './output.ts'
import { type Ended, withSources } from './target-options.ts'
import { terminal } from './terminal.ts'

const HELP = `
Without options: 100 connections in 10 public channels, and 100 events a second
for 10 s, on the server that is started with the same configuration. With --url,
--app-id, --key and --secret on any server of the Pusher protocol; secrets are
better left to the configuration or RESOUND_APP_SECRET, since others see
arguments. Only this machine is loaded, unless --yes-remote says otherwise.

  connect    opens connections, and closes them at the end
  subscribe  connections subscribe and unsubscribe, signed where it is private
  publish    events to subscribers; every delivery is looked at
  presence   members leave and come back, and the others are told
  all        these four, one after the other

Times count from when something was due. It ends with what was measured so far
at Ctrl-C, with 130. Ends with 1 when something failed, was missed or came
twice, with 69 when no server answers. See docs/bench.md.`

interface BenchOptions extends TargetOptions {
  readonly scenario: Scenario | 'all'
  readonly connections: number
  readonly channels: number
  readonly kind: Kind
  readonly rate: number
  readonly duration: number
  readonly warmUp: number
  readonly via: Way
  readonly batchSize: number
  readonly publishers: number
  readonly payload: number
  readonly threads: number
  readonly yesRemote?: boolean
  readonly json?: boolean
  readonly quiet?: boolean
}

/** Adds the command. */
export function benchCommand(program: Command, ended: Ended): void {
  const number = (flags: string, text: string, most: number, usual: number, least = 1) =>
    new Option(flags, text).argParser(within(least, most)).default(usual)
  withSources(program.command('bench'))
    .summary('put a load on a server and measure it')
    .description('Puts a load on any server of the Pusher protocol, and measures it')
    .addOption(
      new Option('--scenario <name>', 'what to do')
        .choices([...SCENARIOS, 'all'])
        .default('publish'),
    )
    .option('--url <url>', 'the server, ws://host:port')
    .option('--app-id <id>', 'its app')
    .option('--key <key>', "the app's key")
    .option('--secret <secret>', "the app's secret")
    .addOption(number('-c, --connections <n>', 'connections', MOST.connections, 100))
    .addOption(number('--channels <n>', 'channels they are spread over', MOST.channels, 10))
    .addOption(new Option('--kind <kind>', 'of the channels').choices(KINDS).default('public'))
    .addOption(
      new Option('-r, --rate <n>', 'events, ... a second, or max')
        .argParser((text: string) => (text === 'max' ? 0 : within(1, MOST.rate)(text)))
        .default(100),
    )
    .addOption(number('-d, --duration <s>', 'seconds to measure', MOST.seconds, 10))
    .addOption(number('--warm-up <s>', 'seconds before', MOST.seconds, 1, 0))
    .addOption(new Option('--via <way>', 'how to publish').choices(WAYS).default('http'))
    .addOption(number('--batch-size <n>', 'events in one, --via batch', MOST.batch, 10))
    .addOption(number('--publishers <n>', 'requests at a time', MOST.publishers, 64))
    .addOption(number('--payload <bytes>', 'size of the data', MOST.payloadBytes, 100))
    .option('--redis-url <url>', 'where to publish, --via redis')
    .option('--redis-prefix <prefix>', "Laravel's prefix there")
    .addOption(number('-t, --threads <n>', 'threads that generate load', MOST.threads, 1))
    .option('--yes-remote', 'load another machine than this')
    .option('--quiet', 'no progress')
    .option('--json', 'print JSON, for programs')
    .addHelpText('after', HELP)
    .action(async (options: BenchOptions, command: Command) => {
      try {
        ended(await bench(options, program.opts<{ color: ColourChoice }>().color))
      } catch (fault) {
        if (!(fault instanceof WrongUsage)) throw fault
        command.error(`error: ${fault.message}`)
      }
    })
}

/** @throws WrongUsage; ResoundError where the server cannot be loaded at all */
async function bench(options: BenchOptions, colour: ColourChoice): Promise<number> {
  const plan = planOf(options)
  const chosen = options.scenario === 'all' ? SCENARIOS : [options.scenario]
  const startedAt = new Date()
  const stopping = new AbortController()
  const stop = (): void => stopping.abort()
  process.once('SIGINT', stop).once('SIGTERM', stop)
  const line = options.quiet === true ? undefined : new ProgressLine(process.stderr)
  try {
    const { runLoadTest } = await import('../bench/load-test.ts') // of no use to any other command
    const outcome = await runLoadTest(plan, chosen, stopping.signal, (scenario, progress) =>
      line?.show(scenario, progress),
    )
    line?.end()
    const interrupted = stopping.signal.aborted
    const document = documentOf(plan, chosen, outcome, { startedAt, interrupted })
    if (options.json === true) print(JSON.stringify(document, null, 2))
    else print(reportText(document, terminal(process.stdout, colour)))
    if (interrupted) return EXIT.INTERRUPTED
    return document.complete ? EXIT.DONE : EXIT.FAILED
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}

function planOf(options: BenchOptions): Plan {
  const { connections, channels, threads, via: way } = options
  if (threads > connections) {
    throw new WrongUsage('--threads may not exceed --connections: each has its own')
  }
  // What tells of a member carries no time, so another thread could not know how long it took.
  if (threads > channels && ['presence', 'all'].includes(options.scenario)) {
    throw new WrongUsage('--threads may not exceed --channels where members come and go')
  }
  if (way === 'client' && connections < 2 * channels) {
    throw new WrongUsage('--via client needs two connections for each channel: one sends')
  }
  if (way === 'client' && options.payload > MOST.clientPayloadBytes) {
    throw new WrongUsage(`--via client takes a --payload of ${MOST.clientPayloadBytes} at most`)
  }
  const hasPresence = options.scenario === 'presence' || options.scenario === 'all'
  if (hasPresence && connections <= channels) {
    throw new WrongUsage(
      'the scenario presence needs more connections than channels: alone in one, nobody is told',
    )
  }
  const finder = new TargetFinder(options)
  const plan: Plan = {
    target: finder.target(),
    connections,
    channels,
    kind: options.kind,
    rate: options.rate,
    seconds: options.duration,
    warmUpSeconds: options.warmUp,
    way,
    publishers: options.publishers,
    batch: options.batchSize,
    payloadBytes: options.payload,
    threads,
    name: `bench-${randomBytes(4).toString('hex')}`,
    ...(way === 'redis' ? { redis: finder.redis() } : {}),
  }
  const [remote] = remoteHosts(plan)
  if (remote !== undefined && options.yesRemote !== true) {
    throw new WrongUsage(
      `${remote} is not this machine: a load test may bring it down. Add --yes-remote if it may`,
    )
  }
  return plan
}

const within =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text)
    if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most)
      return value
    throw new InvalidArgumentError(`It is a whole number from ${least} to ${most}.`)
  }
