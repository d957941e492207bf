/**
 * `resound channels`: the occupied channels of all nodes.
 */
import type { Command } from 'commander'
import type { Target } from './admin.ts'
import { ChannelsDocument } from './documents/channels.ts'
import { type ColourChoice, EXIT, print, printJson } from './output.ts'
import { askPages, type PageOptions, sayBeside, withPages } from './pages.ts'
import { ADMIN_HELP, withServer } from './target-options.ts'
import { type Column, table, terminal } from './terminal.ts'

export interface ChannelsOptions extends Target, PageOptions {
  readonly json?: boolean
  readonly app?: string
  readonly prefix?: string
  readonly color?: ColourChoice
}

type Channel = ChannelsDocument['channels'][number]

/** Adds the command. */
export function channelsCommand(program: Command, ended: (code: number) => void): void {
  withServer(withPages(program.command('channels')))
    .summary('list the occupied channels')
    .description('Lists the channels that somebody is subscribed to, on all nodes')
    .option('--app <id>', 'of one app only')
    .option('--prefix <text>', 'whose names begin so')
    .addHelpText('after', ADMIN_HELP)
    .action(async (options: ChannelsOptions) => {
      const { color } = program.opts<{ color: ColourChoice }>()
      ended(await channels({ ...options, color }))
    })
}

export async function channels(options: ChannelsOptions): Promise<number> {
  const { json = false, app, prefix, limit, all, after, color, ...target } = options
  const page = await askPages(
    target,
    '/channels',
    { app, prefix },
    { limit, all, after },
    (answer) => {
      const document = ChannelsDocument.parse({ schema: 'resound.channels/1', ...answer })
      return { ...document, rows: document.channels }
    },
  )
  const { rows, more, silentNodes } = page
  if (json) printJson('channels', { channels: rows, more, silentNodes })
  else if (rows.length > 0) print(table(rows, COLUMNS, terminal(process.stdout, color)))
  if (!json) sayBeside(page, 'No channel is occupied')
  return EXIT.DONE
}

const COLUMNS: readonly Column<Channel>[] = [
  { title: 'channel', value: ({ name }) => name, shrinks: true },
  { title: 'kind', value: ({ kind, cached }) => (cached ? `${kind}, cache` : kind) },
  { title: 'subscriptions', value: ({ subscriptions }) => String(subscriptions), align: 'right' },
  { title: 'members', value: ({ members }) => String(members ?? '-'), align: 'right' },
  { title: 'app', value: ({ app }) => app, shrinks: true },
]
