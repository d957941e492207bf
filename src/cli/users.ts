/**
 * `resound users`: the users of all nodes, and disconnecting one.
 */
import type { Command } from 'commander'
import { askServer, type Target } from './admin.ts'
import { UsersDisconnectDocument, UsersDocument } from './documents/users.ts'
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
import { type Column, table, terminal } from './terminal.ts'

interface ListOptions extends Target, PageOptions {
  readonly json?: boolean
  readonly app?: string
  readonly prefix?: string
  readonly color?: ColourChoice
}

interface DisconnectOptions extends Target {
  readonly json?: boolean
  readonly app?: string
  readonly reconnect?: boolean
}

type User = UsersDocument['users'][number]

const WHO_HELP = `
A user is whoever has signed in, or is a member of a presence channel.`

const DISCONNECT_HELP = `${WHO_HELP}
The clients are told 4009 and do not come back by themselves, but a page that is
loaded again does: this is no ban. With --reconnect they are told 4200 and come
back at once. Ends with 1 when the user has no connection, or a node did not
answer that may have one.`

/** Adds the commands. */
export function usersCommand(program: Command, ended: (code: number) => void): void {
  const command = program
    .command('users')
    .summary('list the users, disconnect one')
    .description('Lists the users of all nodes, and disconnects one')
    .helpCommand(false)
  withServer(withPages(command.command('list', { isDefault: true })))
    .summary('list the users, as without a command')
    .description('Lists the users of all nodes')
    .option('--app <id>', 'of one app only')
    .option('--prefix <text>', 'whose ids begin so')
    .addHelpText('after', WHO_HELP + ADMIN_HELP)
    .action(async (options: ListOptions) => {
      const { color } = program.opts<{ color: ColourChoice }>()
      ended(await listUsers({ ...options, color }))
    })
  withServer(command.command('disconnect'))
    .summary('close all connections of a user')
    .description('Closes all connections of a user')
    .argument('<id>', 'of the user')
    .option('--app <id>', 'whose user it is; needed where there are several apps')
    .option('--reconnect', 'have the clients come back at once')
    .addHelpText('after', DISCONNECT_HELP + ADMIN_HELP)
    .action(async (id: string, options: DisconnectOptions) =>
      ended(await disconnectUser(id, options)),
    )
}

async function listUsers(options: ListOptions): Promise<number> {
  const { json = false, app, prefix, limit, all, after, color, ...target } = options
  const page = await askPages(
    target,
    '/users',
    { app, prefix },
    { limit, all, after },
    (answer) => {
      const document = UsersDocument.parse({ schema: 'resound.users/1', ...answer })
      return { ...document, rows: document.users }
    },
  )
  const { rows, more, silentNodes } = page
  if (json) printJson('users', { users: rows, more, silentNodes })
  else if (rows.length > 0) print(table(rows, COLUMNS, terminal(process.stdout, color)))
  if (!json) sayBeside(page, 'No user is there')
  return EXIT.DONE
}

async function disconnectUser(id: string, options: DisconnectOptions): Promise<number> {
  const { json = false, app, reconnect = false, ...target } = options
  const query = { app, id, reconnect: reconnect ? '1' : undefined }
  const answer = await askServer(target, 'POST', pathWith('/users/disconnect', query))
  const { closed, silentNodes } = UsersDisconnectDocument.parse({
    schema: 'resound.users.disconnect/1',
    ...Object(answer),
  })
  if (json) printJson('users.disconnect', { closed, silentNodes })
  else if (closed > 0) print(`Closed ${closed} ${closed === 1 ? 'connection' : 'connections'}`)
  else say(`The user ${id} has no connection`)
  if (!json) saySilent(silentNodes, 'it may have more of them')
  return closed > 0 && silentNodes.length === 0 ? EXIT.DONE : EXIT.FAILED
}

const COLUMNS: readonly Column<User>[] = [
  { title: 'user', value: ({ userId }) => userId, shrinks: true },
  { title: 'connections', value: ({ connections }) => String(connections), align: 'right' },
  { title: 'app', value: ({ app }) => app, shrinks: true },
]
