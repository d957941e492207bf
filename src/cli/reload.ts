/**
 * `resound reload`: the running server reads its configuration again.
 */
import { z } from 'zod'
import { RunningServer, type Target } from './admin.ts'
import { EXIT, print, printJson } from './output.ts'

export interface ReloadOptions extends Target {
  readonly json?: boolean
}

/** More than every worker is given for it. */
const TIMEOUT_MILLISECONDS = 30_000

const Reloaded = z.object({ restart: z.array(z.string()), start: z.array(z.string()) })

export async function reload({ json = false, ...target }: ReloadOptions): Promise<number> {
  const server = await RunningServer.find(target)
  const { restart, start } = Reloaded.parse(
    await server.ask('POST', '/reload', TIMEOUT_MILLISECONDS),
  )
  if (json) {
    printJson('reload', { restart, start })
    return EXIT.DONE
  }
  print('The configuration is in effect')
  if (restart.length > 0) print(`Taken over by resound restart only: ${restart.join(', ')}`)
  if (start.length > 0) print(`Taken over by stop and start only: ${start.join(', ')}`)
  return EXIT.DONE
}
