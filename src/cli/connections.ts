/**
 * `resound connections`: the connections of all nodes, and closing one.
 */
import type { Command } from 'commander'
import { askServer, type Target } from './admin.ts'
import { age } from './age.ts'
import { ConnectionsCloseDocument, ConnectionsDocument } from './documents/connections.ts'
import { type ColourChoice, EXIT, print, printJson } from './output.ts'
import {
  askPages,
  type PageOptions,
  pathWith,
  say,
  sayBeside,
  saySilent,
  withPages,
} from './pages.ts'
import { ADMIN_HELP, withServer } from './target-options.ts'
import { type Column, type Terminal, table, terminal } from './terminal.ts'

interface ListOptions extends Target, PageOptions {
  readonly json?: boolean
  readonly app?: string
  readonly channel?: string
  readonly user?: string
  readonly color?: ColourChoice
}

interface CloseOptions extends Target {
  readonly json?: boolean
  readonly app?: string
  readonly reconnect?: boolean
}

type Connection = ConnectionsDocument['connections'][number]

const CLOSE_HELP = `
The client is told 4009 and does not come back by itself, but a page that is
loaded again does: this is no ban. With --reconnect it is told 4200 and comes
back at once. Ends with 1 when there is no such connection, or a node did not
answer that may have it.`

/** Adds the commands. */
export function connectionsCommand(program: Command, ended: (code: number) => void): void {
  const command = program
    .command('connections')
    .summary('list the connections, close one')
    .description('Lists the connections of all nodes, and closes one')
    .helpCommand(false)
  withServer(withPages(command.command('list', { isDefault: true })))
    .summary('list the connections, as without a command')
    .description('Lists the connections of all nodes')
    .option('--app <id>', 'of one app only')
    .option('--channel <name>', 'that are subscribed to it')
    .option('--user <id>', 'of one user')
    .addHelpText('after', ADMIN_HELP)
    .action(async (options: ListOptions) => {
      const { color } = program.opts<{ color: ColourChoice }>()
      ended(await listConnections({ ...options, color }))
    })
  withServer(command.command('close'))
    .summary('close a connection')
    .description('Closes a connection')
    .argument('<id>', 'its socket id')
    .option('--app <id>', 'if it is of this app')
    .option('--reconnect', 'have its client come back at once')
    .addHelpText('after', CLOSE_HELP + ADMIN_HELP)
    .action(async (id: string, options: CloseOptions) => ended(await closeConnection(id, options)))
}

async function listConnections(options: ListOptions): Promise<number> {
  const { json = false, app, channel, user, limit, all, after, color, ...target } = options
  const page = await askPages(
    target,
    '/connections',
    { app, channel, user },
    { limit, all, after },
    (answer) => {
      const document = ConnectionsDocument.parse({ schema: 'resound.connections/1', ...answer })
      return { ...document, rows: document.connections }
    },
  )
  const { rows, more, silentNodes } = page
  if (json) {
    printJson('connections', { connections: rows, more, silentNodes })
    return EXIT.DONE
  }
  const out = terminal(process.stdout, color)
  if (rows.length > 0) print(table(rows, columnsFor(rows, out), out))
  sayBeside(page, 'No connection is there')
  return EXIT.DONE
}

async function closeConnection(id: string, options: CloseOptions): Promise<number> {
  const { json = false, app, reconnect = false, ...target } = options
  const query = { app, id, reconnect: reconnect ? '1' : undefined }
  const answer = await askServer(target, 'POST', pathWith('/connections/close', query))
  const { closed, silentNodes } = ConnectionsCloseDocument.parse({
    schema: 'resound.connections.close/1',
    ...Object(answer),
  })
  if (json) printJson('connections.close', { closed, silentNodes })
  else if (closed > 0) print(`Closed the connection ${id}`)
  else say(`No connection has the socket id ${id}`)
  if (!json && closed === 0) saySilent(silentNodes, 'it may have the connection')
  return closed > 0 ? EXIT.DONE : EXIT.FAILED
}

/** Whoever looks is spared a column in which there is nothing to see. */
function columnsFor(rows: readonly Connection[], out: Terminal): readonly Column<Connection>[] {
  const now = Date.now()
  const [first] = rows
  const differ = (what: (row: Connection) => unknown): boolean =>
    !out.isTerminal || rows.some((row) => what(row) !== (first && what(first)))
  const columns: readonly (Column<Connection> & { readonly isShown?: boolean })[] = [
    { title: 'socket id', value: ({ socketId }) => socketId },
    { title: 'user', value: ({ userId }) => userId ?? '-', shrinks: true },
    { title: 'channels', value: ({ channels }) => String(channels), align: 'right' },
    { title: 'open for', value: ({ openedAt }) => age(now - Date.parse(openedAt)), align: 'right' },
    {
      title: 'waiting',
      value: ({ bufferedBytes }) => `${bufferedBytes} B`,
      align: 'right',
      isShown: !out.isTerminal || rows.some(({ bufferedBytes }) => bufferedBytes > 0),
    },
    {
      title: 'node',
      value: ({ node }) => node,
      shrinks: true,
      isShown: differ(({ node }) => node),
    },
    { title: 'app', value: ({ app }) => app, shrinks: true, isShown: differ(({ app }) => app) },
  ]
  return columns.filter(({ isShown = true }) => isShown)
}
