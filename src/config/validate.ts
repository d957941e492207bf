/**
 * Settings become a configuration, or the list of everything that is wrong with them.
 */
import type { z } from 'zod'
import type { ConfigFile } from './config-file.ts'
import { CREDENTIALS } from './laravel-names.ts'
import { nameOf, type Path } from './options.ts'
import { type Problem, refusedValue, unknownKey } from './problem.ts'
import { Config } from './schema.ts'
import { describeOrigin, type Origin, type Setting } from './setting.ts'
import { valueAt, withValue } from './tree.ts'

export interface Validated {
  /** Frozen, all the way down; undefined when there are problems. */
  readonly config?: Config
  readonly problems: readonly Problem[]
}

/** Puts `settings` together, later ones over earlier ones, and checks the whole against the schema. */
export function validate(settings: readonly Setting[], file: ConfigFile | undefined): Validated {
  let input: unknown = {}
  for (const { path, value } of settings) input = withValue(input, path, value)
  const parsed = Config.safeParse(input)
  if (parsed.success) return { config: frozen(parsed.data), problems: [] }
  // What is missing has no place but that of the group it is missing from.
  const placeOf = (path: Path): string | undefined => {
    if (path.length === 0) return undefined
    const origin = originIn(settings, file, path)
    return origin === undefined ? placeOf(path.slice(0, -1)) : describeOrigin(origin)
  }
  const problems = parsed.error.issues.flatMap((issue) =>
    problemsOf(issue, input, settings, placeOf),
  )
  // A value that breaks two rules, such as a length and a pattern, is one problem.
  return { problems: [...new Map(problems.map((problem) => [problem.message, problem])).values()] }
}

/** Where the value at `path` was given; undefined when it was not. */
export function originIn(
  settings: readonly Setting[],
  file: ConfigFile | undefined,
  path: Path,
): Origin | undefined {
  const name = nameOf(path)
  const given = settings.findLast((setting) => nameOf(setting.path) === name)
  return given?.origin ?? file?.placeOf(path) // a list is many settings, and one place in the file
}

function problemsOf(
  issue: z.core.$ZodIssue,
  input: unknown,
  settings: readonly Setting[],
  placeOf: (path: Path) => string | undefined,
): readonly Problem[] {
  const path = issue.path.filter((key) => typeof key !== 'symbol')
  const invalid = (place: string | undefined, message: string): Problem => ({
    code: 'RESOUND_CONFIG_INVALID',
    place,
    message,
  })
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => invalid(placeOf([...path, key]), unknownKey(path, key)))
  }
  if (issue.code === 'custom') return [invalid(placeOf(path), `${nameOf(path)} ${issue.message}`)]
  const value = valueAt(input, path)
  const message = value === undefined ? missingCredential(path, settings) : undefined
  return [invalid(placeOf(path), message ?? refusedValue(path, value))]
}

/** An app that variables define only in part: which of them is missing. */
function missingCredential(path: Path, settings: readonly Setting[]): string | undefined {
  const missing = CREDENTIALS.find((part) => nameOf(path) === `apps[0].${part}`)
  if (missing === undefined) return undefined
  for (const { path: given, origin } of settings) {
    const part = CREDENTIALS.find((candidate) => nameOf(given) === `apps[0].${candidate}`)
    if (part === undefined || !('variable' in origin)) continue
    const variable = origin.variable.replace(
      /_(ID|KEY|SECRET)(_FILE)?$/,
      `_${missing.toUpperCase()}`,
    )
    return `${variable} is missing: ${origin.variable} alone does not define an app`
  }
  return undefined
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) frozen(part)
    Object.freeze(value)
  }
  return value
}
