/**
 * Everything that says something about the configuration, in order: what comes later wins.
 *
 * A Laravel app's `.env`, the file, Laravel's names in the environment, the RESOUND_ variables, the
 * command line; below them all the schema's defaults. Variables can describe one app, and only where
 * the file lists none.
 */
import { resolve } from 'node:path'
import { type ConfigFile, readConfigFile } from './config-file.ts'
import { CONFIG_VARIABLE, type Environment, readEnvironment } from './environment.ts'
import { type LaravelApp, readLaravelApp } from './laravel-env.ts'
import { laravelSettings, lookupIn, settingFrom } from './laravel-names.ts'
import type { Notice } from './notice.ts'
import { nameOf } from './options.ts'
import type { Problem } from './problem.ts'
import type { Setting } from './setting.ts'

/** Command line options that decide about the configuration, as text. */
export interface Flags {
  readonly config?: string
  readonly laravel?: string
  readonly host?: string
  readonly port?: string
  readonly workers?: string
  readonly logLevel?: string
  readonly logFormat?: string
}

export interface Sources {
  readonly settings: readonly Setting[]
  readonly problems: readonly Problem[]
  readonly notices: readonly Notice[]
  /** The file's name as it was given. */
  readonly fileName: string | undefined
  readonly file: ConfigFile | undefined
  readonly laravel: LaravelApp | undefined
  /** Whether the file lists the apps, so that variables describe none. */
  readonly fileListsApps: boolean
}

/** Reads all sources; relative paths start at `directory`. Never throws for what it finds there. */
export function collectSources(flags: Flags, environment: Environment, directory: string): Sources {
  const fileName = flags.config ?? (environment[CONFIG_VARIABLE] || undefined)
  const file =
    fileName === undefined ? undefined : readConfigFile(resolve(directory, fileName), fileName)
  const app =
    flags.laravel === undefined
      ? undefined
      : readLaravelApp(resolve(directory, flags.laravel), flags.laravel)
  const laravel = app === undefined || 'reason' in app ? undefined : app
  const variables = readEnvironment(environment)
  const names = namedByLaravel(environment, laravel)
  const every = [
    ...(laravel?.assumed ?? []),
    ...names.filter(({ origin }) => origin.kind === 'laravel'),
    ...(file?.settings ?? []),
    ...names.filter(({ origin }) => origin.kind === 'environment'),
    ...variables.settings,
    ...flagSettings(flags),
  ]
  const besideCluster = urlBesideCluster(every)
  const fileListsApps = every.some(listsApps)
  const dropped = fileListsApps ? every.filter(describesApp) : prefixWithoutRedis(every)
  const refused = dropped.filter(({ origin }) => isOurVariable(origin))
  const settings = every.filter(
    (setting) => !dropped.includes(setting) && !besideCluster.includes(setting),
  )
  const ignored = dropped.filter((setting) => !refused.includes(setting))
  return {
    settings,
    problems: [
      ...(file?.problems ?? []),
      ...(app !== undefined && 'reason' in app ? [unreadableApp(flags.laravel, app.reason)] : []),
      ...variables.problems,
      ...refused.map((setting) => secondListOfApps(setting, fileName)),
      ...(fileListsApps ? [] : missingPrefix(settings, laravel)),
    ],
    notices: [
      ...(laravel?.notices ?? []),
      ...noticeOf(
        fileListsApps
          ? 'the file lists the apps, so these variables describe none'
          : 'a Redis prefix does nothing where no Redis is configured',
        variablesOf(ignored),
      ),
      ...noticeOf(
        'a Redis Cluster is configured, so these variables name no other Redis',
        variablesOf(besideCluster),
      ),
      ...noticeOf(
        'these variables come from Kubernetes (enableServiceLinks) and are left alone',
        variables.serviceLinks,
      ),
    ],
    fileName,
    file,
    laravel,
    fileListsApps,
  }
}

/** Laravel's names: as for Laravel itself, the process's environment wins over the `.env`. */
function namedByLaravel(
  environment: Environment,
  laravel: LaravelApp | undefined,
): readonly Setting[] {
  const inProcess = lookupIn(
    (variable) => environment[variable],
    (variable) => ({ kind: 'environment', variable }),
  )
  return laravelSettings(
    (variable) => inProcess(variable) ?? laravel?.lookup(variable),
    laravel?.preferred,
  )
}

const FLAGS = [
  ['host', '--host', 'host'],
  ['port', '--port', 'port'],
  ['workers', '--workers', 'workers'],
  ['logLevel', '--log-level', 'log.level'],
  ['logFormat', '--log-format', 'log.format'],
] as const

function flagSettings(flags: Flags): readonly Setting[] {
  return FLAGS.flatMap(([key, flag, name]) => {
    const value = flags[key]
    return value === undefined ? [] : settingFrom(name, { value, origin: { kind: 'flag', flag } })
  })
}

function listsApps({ path, value, origin }: Setting): boolean {
  const isEmptyList = path.length === 1 && Array.isArray(value)
  return path[0] === 'apps' && origin.kind === 'file' && !isEmptyList
}

function describesApp({ path, origin }: Setting): boolean {
  return path[0] === 'apps' && origin.kind !== 'file'
}

const NAMES_A_REDIS = /^(?:redis\.(?:url|cluster)|apps\[0\]\.laravel\.redis(?:Url|Cluster))\b/

/** A prefix by Laravel's name, which stands in many an environment, asks for no Redis by itself. */
function prefixWithoutRedis(settings: readonly Setting[]): readonly Setting[] {
  const names = settings.map(({ path }) => nameOf(path))
  if (names.some((name) => NAMES_A_REDIS.test(name))) return []
  return settings.filter(({ origin }) => variablesOf([{ origin }]).includes('REDIS_PREFIX'))
}

/** Laravel's name of one Redis, which stands beside many a Cluster; whoever names a Cluster means that. */
function urlBesideCluster(settings: readonly Setting[]): readonly Setting[] {
  const hasCluster = settings.some(({ path }) => /^redis\.cluster\b/.test(nameOf(path)))
  if (!hasCluster) return []
  const isLaravels = (variable: string): boolean => variable.startsWith('REDIS_')
  return settings.filter(
    ({ path, origin }) =>
      nameOf(path) === 'redis.url' && variablesOf([{ origin }]).some(isLaravels),
  )
}

function isOurVariable(origin: Setting['origin']): boolean {
  return origin.kind === 'environment' && origin.variable.startsWith('RESOUND_')
}

function variablesOf(settings: readonly Pick<Setting, 'origin'>[]): readonly string[] {
  return settings.flatMap(({ origin }) => ('variable' in origin ? [origin.variable] : []))
}

function noticeOf(message: string, variables: readonly string[]): readonly Notice[] {
  return variables.length === 0 ? [] : [{ level: 'info', message, fields: { variables } }]
}

function unreadableApp(directory: string | undefined, reason: string): Problem {
  return {
    code: 'RESOUND_CONFIG_UNREADABLE',
    place: '--laravel',
    message: `${directory} has no .env that can be read (${reason})`,
  }
}

/** An app that broadcasts through Redis, of which nobody says what it puts before its channels. */
function missingPrefix(
  settings: readonly Setting[],
  laravel: LaravelApp | undefined,
): readonly Problem[] {
  const isGiven = settings.some(({ path }) => nameOf(path) === 'apps[0].laravel.redisPrefix')
  if (isGiven || laravel?.prefixUnknown === undefined) return []
  const message = `the app's Redis prefix cannot be told, because ${laravel.prefixUnknown}; set REDIS_PREFIX in its .env, or RESOUND_APP_LARAVEL_REDIS_PREFIX`
  return [{ code: 'RESOUND_CONFIG_INVALID', place: '--laravel', message }]
}

function secondListOfApps({ origin }: Setting, fileName: string | undefined): Problem {
  return {
    code: 'RESOUND_CONFIG_INVALID',
    place: variablesOf([{ origin }])[0],
    message: `the apps are listed in ${fileName}; a variable describes an app only where none is listed`,
  }
}
