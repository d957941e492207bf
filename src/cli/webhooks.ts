/**
 * `resound webhooks`: requests that a running server has given up.
 */

import type { Command } from 'commander'
import { z } from 'zod'
import { askServer, type Target } from './admin.ts'
import { Failures } from './documents/webhooks.ts'
import { EXIT, print, printJson } from './output.ts'
import { ADMIN_HELP, type Ended, withServer } from './target-options.ts'

interface Shape {
  readonly json?: boolean
  readonly app?: string
}

export interface ListOptions extends Target, Shape {
  readonly limit?: string
  readonly payloads?: boolean
}

export interface ReplayOptions extends Target, Shape {
  readonly id?: string
}

const Replayed = z.object({ replayed: z.int() })

/** `resound webhooks list`: the newest first. */
export async function listWebhooks(options: ListOptions): Promise<number> {
  const { json = false, app, limit, payloads = false, ...target } = options
  const path = pathOf('/webhooks/failures', { app, limit, payloads: payloads ? '1' : undefined })
  const { failures, more } = Failures.parse(await askServer(target, 'GET', path))
  if (json) {
    printJson('webhooks.list', { failures, more })
    return EXIT.DONE
  }
  for (const { id, givenUpAt, app: appId, events, reason, webhook, ...kept } of failures) {
    const told = `${events} ${events === 1 ? 'event' : 'events'}`
    print(`${givenUpAt}  app ${appId}  ${told}  ${reason}\n    ${webhook}\n    ${id}`)
    for (const payload of kept.payloads ?? []) print(`    ${JSON.stringify(payload)}`)
  }
  if (failures.length === 0) print('No webhook request has been given up')
  if (more) print('There are more: see --limit')
  return EXIT.DONE
}

/** `resound webhooks replay`: sends again what was given up. */
export async function replayWebhooks(options: ReplayOptions): Promise<number> {
  const { json = false, app, id, ...target } = options
  const path = pathOf('/webhooks/failures/replay', { app, id })
  const { replayed } = Replayed.parse(await askServer(target, 'POST', path))
  if (json) printJson('webhooks.replay', { replayed })
  else print(`${replayed} ${replayed === 1 ? 'request is' : 'requests are'} on the way again`)
  return EXIT.DONE
}

function pathOf(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const text = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) text.set(name, value)
  }
  return `${path}?${text}`
}

/** Adds `webhooks` and its subcommands. */
export function webhooksCommands(program: Command, ended: Ended): void {
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
}
