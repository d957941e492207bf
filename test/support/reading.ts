/** Configuration read from files and variables of a test's own. */
import type { Environment } from '../../src/config/environment.ts'
import { type Loaded, readConfig } from '../../src/config/load.ts'
import { describeProblem } from '../../src/config/problem.ts'
import type { Flags } from '../../src/config/sources.ts'
import { Directory } from './directory.ts'

export interface Given {
  /** By path; `resound.json` is the configuration file. */
  readonly files?: Readonly<Record<string, unknown>>
  readonly environment?: Environment
  readonly flags?: Flags
}

/** Credentials by variables, where a test is about something else. */
export const APP_VARIABLES = {
  RESOUND_APP_ID: '1',
  RESOUND_APP_KEY: 'key',
  RESOUND_APP_SECRET: 'secret',
} as const

/** @throws Error with the problems, when the configuration is refused */
export function loaded(given: Given): Loaded {
  const reading = read(given)
  if (!reading.valid) throw new Error(reading.problems.map(describeProblem).join('\n'))
  return reading
}

/** What is wrong, a line each; nothing when the configuration is accepted. */
export function problemsIn(given: Given): readonly string[] {
  const reading = read(given)
  return reading.valid ? [] : reading.problems.map(describeProblem)
}

function read({ files = {}, environment = {}, flags = {} }: Given) {
  using directory = new Directory(files)
  return readConfig({
    flags: 'resound.json' in files ? { config: 'resound.json', ...flags } : flags,
    environment,
    directory: directory.path,
  })
}
