/**
 * `resound webhooks`: requests that a running server has given up.
 */
import { z } from 'zod'
import { askServer, type Target } from './admin.ts'
import { Failures } from './documents/webhooks.ts'
import { EXIT, print, printJson } from './output.ts'

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
