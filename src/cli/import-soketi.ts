/**
 * `resound config import soketi`: a configuration file out of another server's settings.
 */
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { processEnvironment } from '../config/load.ts'
import { refusal } from '../config/problem.ts'
import { ResoundError } from '../errors.ts'
import type { Note } from '../soketi/piece.ts'
import { SoketiSettings } from '../soketi/settings.ts'
import { translate } from '../soketi/translate.ts'
import { EXIT, print, printJson, reportFault, wrapped } from './output.ts'

export interface ImportRequest {
  /** soketi's JSON file. At least one of this and `env`. */
  readonly file: string | undefined
  /** Whether SOKETI_ variables count. */
  readonly env: boolean
  /** Where the configuration is written instead of to standard output. */
  readonly output: string | undefined
  readonly json: boolean
}

/** Prints a configuration, and on standard error what could not be kept. @returns the exit code */
export function importSoketi({ file, env, output, json }: ImportRequest): number {
  const soketi = SoketiSettings.read({
    file: file === undefined ? undefined : { path: resolve(file), name: file },
    environment: env
      ? { variables: processEnvironment(), dotenv: join(process.cwd(), '.env') }
      : undefined,
  })
  if ('problems' in soketi) return reportFault(refusal(soketi.problems))
  const { config, notes, isComplete } = translate(soketi)
  const text = `${JSON.stringify(config, null, 2)}\n`
  if (output !== undefined) keep(output, text)
  if (json) printJson('config.import', { from: 'soketi', config, notes })
  else if (output === undefined) process.stdout.write(text)
  else print(`The configuration is written: ${output}`)
  if (!json) for (const note of notes) process.stderr.write(`${wrapped(lineOf(note), '')}\n`)
  return isComplete ? EXIT.DONE : EXIT.FAILED
}

function lineOf({ kind, place, setting, message }: Note): string {
  return `${kind}: ${place === undefined ? '' : `${place}: `}${setting} ${message}`
}

/** Writes a file that is not there yet, for its owner only: it holds secrets. */
function keep(output: string, text: string): void {
  try {
    writeFileSync(output, text, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    throw new ResoundError(
      'RESOUND_OUTPUT_UNWRITABLE',
      `${output} cannot be written (${error.code}).`,
      { cause: error },
    )
  }
}
