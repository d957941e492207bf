import { existsSync, readFileSync } from 'node:fs'

/** `package.json` stands one folder above `src`, and two above the compiled `dist/src`. */
const manifest = ['../package.json', '../../package.json']
  .map((path) => new URL(path, import.meta.url))
  .find((url) => existsSync(url))

/** The version of this installation. */
export const version: string =
  manifest === undefined ? 'unknown' : String(JSON.parse(readFileSync(manifest, 'utf8')).version)
