/**
 * `resound tail`: what happens on the running server, as it happens, with what was decided and why.
 */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { ResoundError } from '../errors.ts'
import { KINDS } from '../tail/filter.ts'
import { RunningServer, type Target } from './admin.ts'
import { TailDocument } from './documents/tail.ts'
import { type ColourChoice, EXIT, print } from './output.ts'
import { readerGone } from './reader.ts'
import { withServer } from './target-options.ts'
import { fitted, printable, type Terminal, terminal } from './terminal.ts'

export interface TailOptions extends Target {
  readonly json?: boolean
  readonly app?: string
  readonly kinds?: string
  readonly payloads?: boolean
  readonly limit?: number
  readonly seconds?: number
  readonly color?: ColourChoice
}

/** A week. */
const MOST_SECONDS = 604_800

type Sight = Omit<TailDocument, 'schema'>

const HELP = `
PATTERN is of channels' names, and * stands for anything: 'private-orders.*'.
What has no channel is not shown with one. Each line is of one process of the
server; an event that another node received says so.
Data is hidden unless --payloads is given, and then without what its names say
is a secret, and never of encrypted channels. More than 10,000 things a second
are not shown but counted.
Ends when interrupted, or as --limit and --seconds say.`

/** Adds the command. */
export function tailCommand(program: Command, ended: (code: number) => void): void {
  withServer(program.command('tail'))
    .summary('follow what happens')
    .description('Follows events, connections and refusals as they happen')
    .argument('[pattern]', 'channels to look at, such as presence-*')
    .option('--app <id>', 'of one app only')
    .addOption(
      new Option(
        '--kinds <kinds>',
        `some only, separated by commas: ${KINDS.join(', ')}`,
      ).argParser(kindsOf),
    )
    .option('--payloads', 'with what events carry, redacted')
    .addOption(count('--limit <number>', 'end after so many', Number.MAX_SAFE_INTEGER))
    .addOption(count('--seconds <number>', 'end after so many seconds', MOST_SECONDS))
    .addHelpText('after', HELP)
    .action(async (pattern: string | undefined, options: TailOptions) => {
      const { color } = program.opts<{ color: ColourChoice }>()
      ended(await tail(pattern, { ...options, color }))
    })
}

function count(flags: string, description: string, most: number): Option {
  return new Option(flags, description).argParser((text) => {
    const number = Number(text)
    if (Number.isInteger(number) && number > 0 && number <= most) return number
    const bound = most === Number.MAX_SAFE_INTEGER ? '' : ` and at most ${most}`
    throw new InvalidArgumentError(`It is a whole number above 0${bound}.`)
  })
}

/** Which there are, the server knows: it may be of another release. */
function kindsOf(text: string): string {
  if (text.split(',').some(Boolean)) return text
  throw new InvalidArgumentError(`Name some of ${KINDS.join(', ')}.`)
}

/** @throws ResoundError RESOUND_SERVER_UNREACHABLE when the server ends */
export async function tail(pattern: string | undefined, options: TailOptions): Promise<number> {
  const { json = false, app, kinds, payloads = false, limit, seconds, color, ...target } = options
  const query = new URLSearchParams({
    ...(app === undefined ? {} : { app }),
    ...(pattern === undefined ? {} : { channel: pattern }),
    ...(kinds === undefined ? {} : { kinds }),
    ...(payloads ? { payloads: '1' } : {}),
  })
  const server = await RunningServer.find(target)
  const end = AbortSignal.any([
    readerGone,
    ...(seconds === undefined ? [] : [AbortSignal.timeout(seconds * 1000)]),
  ])
  const out = terminal(process.stdout, color)
  let shown = 0
  for await (const message of server.follow(`/tail?${query}`, end)) {
    const document: TailDocument = TailDocument.parse({
      schema: 'resound.tail/1',
      ...Object(message),
    })
    print(json ? JSON.stringify(document) : lines(document, out))
    shown += 1
    if (shown === limit) return EXIT.DONE
  }
  if (end.aborted) return EXIT.DONE
  throw new ResoundError('RESOUND_SERVER_UNREACHABLE', 'The server has ended.')
}

const KIND_WIDTH = Math.max(...KINDS.map((kind) => kind.length)) + 2
const INDENT = ' '.repeat(KIND_WIDTH + '00:00:00.000  '.length)

function lines(sight: Sight, out: Terminal): string {
  const time = new Date(sight.time).toISOString().slice(11, 23)
  const head = `${time}  ${sight.kind.padEnd(KIND_WIDTH)}`
  const text = printable(textOf(sight), out)
  const data = sight.data === undefined ? [] : [INDENT + printable(sight.data, out)]
  const first = out.isTerminal ? fitted(text, INDENT, out).slice(INDENT.length) : text
  return [head + first, ...data].join('\n')
}

function textOf(sight: Sight): string {
  const { kind, app, channel, socketId, userId, code } = sight
  const inApp = app === undefined ? '' : `, app ${app}`
  const user = userId === undefined ? '' : ` as ${userId}`
  switch (kind) {
    case 'event':
      return `${channel}  ${sight.event}  ${way(sight)}${inApp}`
    case 'connected':
      return `${socketId}${inApp}`
    case 'disconnected':
      return `${socketId}, code ${code}${inApp}`
    case 'subscribed':
    case 'unsubscribed':
      return `${channel}  ${socketId}${user}${inApp}`
    case 'signed-in':
      return `${socketId}${user}${inApp}`
    case 'refused':
      return `${refusal(sight)}${inApp}`
    case 'dropped':
      return `${socketId} read too slowly: ${sight.bytes} bytes waited for it${inApp}`
    case 'missed':
      return `${sight.count} that came faster than they could be shown`
    default:
      return JSON.stringify(sight) // of a server that knows more
  }
}

function way({ source, relayed = false, delivered = 0, bytes, exceptSocketId }: Sight): string {
  const from = relayed ? 'another node' : source
  const to = delivered === 0 ? 'to nobody' : `to ${delivered}`
  const except = exceptSocketId === undefined ? '' : ` but ${exceptSocketId}`
  return `from ${from} ${to}${except}, ${bytes} bytes`
}

function refusal({ what, channel, socketId, reason, code }: Sight): string {
  const where = channel === undefined ? '' : ` ${channel}`
  const who = socketId === undefined ? '' : ` of ${socketId}`
  return `${what}${where}${who}: ${reason}${code === undefined ? '' : ` (${code})`}`
}
