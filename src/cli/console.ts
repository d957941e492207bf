/**
 * `resound console`: where the web console of the running server is, with the key that opens it.
 */

import { askServer, type Target } from './admin.ts'
import { ConsoleDocument } from './documents/console.ts'
import { EXIT, print, printJson } from './output.ts'

export interface ConsoleOptions extends Target {
  readonly json?: boolean
}

const Link = ConsoleDocument.pick({ url: true })

export async function showConsole({ json = false, ...target }: ConsoleOptions): Promise<number> {
  const { url } = Link.parse(await askServer(target, 'GET', '/console/link'))
  const here = target.adminUrl === undefined ? url : seenFrom(target.adminUrl, url)
  if (json) printJson('console', { url: here })
  else print(here)
  return EXIT.DONE
}

/** The server knows its own address only; who reached it by another opens the console there. */
function seenFrom(adminUrl: string, url: string): string {
  return new URL(`/${new URL(url).hash}`, adminUrl).href
}
