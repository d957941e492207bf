import { version } from '../version.ts'
import { EXIT, print, printJson } from './output.ts'

/** `resound version`: what runs here. */
export function showVersion({ json = false }: { readonly json?: boolean }): number {
  const { node } = process.versions
  if (json) printJson('version', { version, node })
  else print(`resound ${version} (Node.js ${node})`)
  return EXIT.DONE
}
