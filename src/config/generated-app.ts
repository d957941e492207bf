/**
 * The app of a server that has none configured: generated once, and kept for the next start.
 *
 * It lives in `.resound/app.json` under the working directory, readable by its owner only.
 */
import { randomBytes, randomInt } from 'node:crypto'
import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { z } from 'zod'
import { ResoundError } from '../errors.ts'
import type { Problem } from './problem.ts'
import { readText } from './read-text.ts'
import { AppConfig } from './schema/app.ts'

const Credentials = AppConfig.pick({ id: true, key: true, secret: true })
export type Credentials = z.infer<typeof Credentials>

/** Where the generated app of a server in `directory` is kept. */
export function generatedAppFile(directory: string): string {
  return join(directory, '.resound', 'app.json')
}

/** The app of this directory: kept before, or made now and not kept yet; or what is wrong with the file. */
export type GeneratedApp =
  | { readonly app: Credentials; readonly isKept: boolean; readonly problems?: never }
  | { readonly problems: readonly [Problem]; readonly app?: never; readonly isKept?: never }

/** Reads the app kept in `file`, or makes one up where there is none. A damaged file is a problem. */
export function generatedApp(file: string): GeneratedApp {
  const read = readText(file)
  if ('reason' in read) {
    if (read.reason === 'ENOENT') return { app: makeApp(), isKept: false }
    const message = `the generated app cannot be read (${read.reason})`
    return { problems: [{ code: 'RESOUND_CONFIG_UNREADABLE', place: file, message }] }
  }
  const kept = Credentials.safeParse(jsonOf(read.text))
  if (kept.success) return { app: kept.data, isKept: true }
  const message =
    'the generated app is damaged: restore the file, or delete it to have another app generated'
  return { problems: [{ code: 'RESOUND_CONFIG_INVALID', place: file, message }] }
}

/**
 * Keeps `app` in `file`, whole or not at all, unless another process has kept one there.
 *
 * @throws ResoundError RESOUND_STATE_UNWRITABLE
 */
export function keepGeneratedApp(file: string, app: Credentials): void {
  const draft = `${file}.${process.pid}`
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(draft, `${JSON.stringify(app, null, 2)}\n`, { mode: 0o600, flush: true })
    linkSync(draft, file) // unlike a rename, it never takes the place of another process's app
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    if (error.code === 'EEXIST' && 'text' in readText(file)) return
    throw new ResoundError(
      'RESOUND_STATE_UNWRITABLE',
      `The generated app cannot be kept in ${file} (${error.code}).`,
      { cause: error },
    )
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Credentials as `reverb:install` makes them, only longer, from the system's random source. */
function makeApp(): Credentials {
  return {
    id: String(randomInt(100_000, 1_000_000)),
    key: randomBytes(10).toString('hex'),
    secret: randomBytes(20).toString('hex'),
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // refused by the schema, which is where the caller looks
  }
}
