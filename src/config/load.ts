/**
 * The configuration, read once and frozen.
 *
 * Everything is read and checked before anything counts: one problem anywhere refuses the whole, with
 * all problems listed; nothing else is fallen back to. The only module that looks at the process's
 * environment.
 */
import type { Environment } from './environment.ts'
import {
  type GeneratedApp,
  generatedApp,
  generatedAppFile,
  keepGeneratedApp,
} from './generated-app.ts'
import { CREDENTIALS } from './laravel-names.ts'
import type { Notice } from './notice.ts'
import { masked, nameOf, optionAt, type Path } from './options.ts'
import { type Problem, refusal } from './problem.ts'
import type { Config } from './schema.ts'
import { describeOrigin, type Origin, type Setting } from './setting.ts'
import { collectSources, type Flags, type Sources } from './sources.ts'
import { tlsProblems } from './tls-problems.ts'
import { originIn, validate } from './validate.ts'

export interface ConfigRequest {
  readonly flags?: Flags
  /** The process's own when left out. */
  readonly environment?: Environment
  /** Relative paths start here, and `.resound/` is here; the working directory when left out. */
  readonly directory?: string
  /** Whether an app generated now is written down. A server needs that; who only looks does not. */
  readonly keepGeneratedApp?: boolean
}

/** A valid configuration, and how it came about. */
export interface Loaded {
  readonly valid: true
  /** Frozen, all the way down. */
  readonly config: Config
  /** The configuration file, as it was named. */
  readonly file: string | undefined
  readonly notices: readonly Notice[]
  /** Where the value at `path` came from. */
  originOf(path: Path): Origin
  /** Where the values came from that are not defaults, one for each. */
  readonly origins: readonly Origin[]
}

export type Reading = Loaded | { readonly valid: false; readonly problems: readonly Problem[] }

/** The process's environment, for those who read it for something else than our configuration. */
export const processEnvironment = (): Environment => process.env

/**
 * Reads the whole configuration.
 *
 * @throws ResoundError RESOUND_CONFIG_INVALID or _UNREADABLE, listing every problem; RESOUND_STATE_UNWRITABLE
 */
export function loadConfig(request: ConfigRequest = {}): Loaded {
  const reading = readConfig(request)
  if (!reading.valid) throw refusal(reading.problems)
  return reading
}

/**
 * As `loadConfig`, with what is wrong as a value.
 *
 * @throws ResoundError RESOUND_STATE_UNWRITABLE, where a generated app is to be kept
 */
export function readConfig(request: ConfigRequest = {}): Reading {
  const { flags = {}, environment = processEnvironment(), directory = process.cwd() } = request
  const sources = collectSources(flags, environment, directory)
  if (sources.file !== undefined && sources.file.problems.length > 0) {
    return { valid: false, problems: sources.problems } // what else the file says cannot be judged
  }
  const file = generatedAppFile(directory)
  const generated = describesAnApp(sources) ? undefined : generatedApp(file)
  const settings = [...credentialSettings(generated, file), ...sources.settings]
  const { config, problems } = validate(settings, sources.file)
  const all = [...sources.problems, ...(generated?.problems ?? []), ...problems]
  if (config === undefined || all.length > 0) return { valid: false, problems: all }
  const originOf = (path: Path): Origin =>
    originIn(settings, sources.file, path) ?? { kind: 'default' }
  const unusable = tlsProblems(config, directory)
  if (unusable.length > 0) {
    const problems = unusable.map(({ path, message }): Problem => {
      const place = describeOrigin(originOf(path))
      return { code: 'RESOUND_CONFIG_INVALID', place, message }
    })
    return { valid: false, problems }
  }
  if (generated?.isKept === false && request.keepGeneratedApp === true) {
    keepGeneratedApp(file, generated.app)
    return readConfig(request) // what is served is what was kept, by whichever process was first
  }
  return {
    valid: true,
    config,
    file: sources.fileName,
    notices: [
      ...takenFromLaravel(settings),
      ...sources.notices,
      ...(sources.laravel?.review(config) ?? []),
    ],
    origins: standing(settings).map(({ origin }) => origin),
    originOf,
  }
}

/** Whether there is a table of apps, or an app has credentials, or some, which is for the schema to refuse. */
function describesAnApp({ fileListsApps, settings }: Sources): boolean {
  const names = settings.map(({ path }) => nameOf(path))
  if (fileListsApps || names.includes('postgres.url')) return true
  return CREDENTIALS.some((part) => names.includes(`apps[0].${part}`))
}

function credentialSettings(generated: GeneratedApp | undefined, file: string): readonly Setting[] {
  if (generated?.app === undefined) return []
  const { app, isKept } = generated
  return CREDENTIALS.map((part) => ({
    path: ['apps', 0, part],
    value: app[part],
    origin: { kind: 'generated', file, isKept },
  }))
}

/** One line for each value that stands because the Laravel app's `.env` says so. */
function takenFromLaravel(settings: readonly Setting[]): readonly Notice[] {
  return standing(settings).flatMap(({ path, value, origin }) => {
    if (origin.kind !== 'laravel') return []
    const shown = masked(optionAt(path), value)
    const fields = { option: nameOf(path), value: shown, variable: origin.variable }
    return [{ level: 'info', message: 'taken from the Laravel app', fields }]
  })
}

/** Of each option the last setting, which is the one that counts. */
function standing(settings: readonly Setting[]): readonly Setting[] {
  return [...new Map(settings.map((setting) => [nameOf(setting.path), setting])).values()]
}
