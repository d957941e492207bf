/**
 * The environment's RESOUND_ variables, named after the options' paths, as settings.
 *
 * `RESOUND_APP_...` describes the one app that variables can define, which is `apps[0]` here.
 * `_FILE` after a name reads the value from that file. Laravel's own names are in `laravel-names.ts`.
 */
import { nearest } from './nearest.ts'
import { OPTIONS, type Option, type Path } from './options.ts'
import type { Problem } from './problem.ts'
import { readText } from './read-text.ts'
import type { Setting } from './setting.ts'

/** A process's environment: `process.env`, or a test's. */
export type Environment = Readonly<Record<string, string | undefined>>

export interface EnvironmentSettings {
  readonly settings: readonly Setting[]
  readonly problems: readonly Problem[]
  /** Variables that Kubernetes adds for a Service named resound, which are not ours to read. */
  readonly serviceLinks: readonly string[]
}

/** Names the configuration file; the only variable that is not an option. */
export const CONFIG_VARIABLE = 'RESOUND_CONFIG'

const byVariable = new Map(OPTIONS.map((option) => [option.variable, option]))

/** Options for which an empty variable is a value; elsewhere it is as good as unset. */
const EMPTY_COUNTS = new Set(['RESOUND_APP_LARAVEL_REDIS_PREFIX'])

/** Reads every RESOUND_ variable; one that matches nothing is a problem. Never throws. */
export function readEnvironment(environment: Environment): EnvironmentSettings {
  const settings: Setting[] = []
  const problems: Problem[] = []
  const serviceLinks: string[] = []
  for (const variable of Object.keys(environment).sort()) {
    const text = environment[variable]
    if (!variable.startsWith('RESOUND_') || variable === CONFIG_VARIABLE || text === undefined) {
      continue
    }
    if (isServiceLink(variable, text)) {
      serviceLinks.push(variable)
      continue
    }
    const base = variable.replace(/_FILE$/, '')
    const option = byVariable.get(base)
    if (option === undefined) {
      problems.push(invalid(variable, unknownVariable(variable)))
      continue
    }
    if (!isSet(environment, variable)) continue
    if (variable === base) {
      settings.push(setting(option, variable, text))
    } else if (isSet(environment, base)) {
      problems.push(invalid(variable, `${base} is set as well; only one of the two can count`))
    } else {
      const read = readText(text)
      if ('text' in read) {
        settings.push(setting(option, variable, read.text.replace(/\r?\n$/, '')))
      } else {
        const message = `the file ${text} cannot be read (${read.reason})`
        problems.push({ code: 'RESOUND_CONFIG_UNREADABLE', place: variable, message })
      }
    }
  }
  return { settings, problems, serviceLinks }
}

function isSet(environment: Environment, variable: string): boolean {
  const text = environment[variable]
  return text !== undefined && (text !== '' || EMPTY_COUNTS.has(variable))
}

/** `text` as the type that `option` has; text that is not of that type stays text, and is refused later. */
export function parseValue(text: string, option: Option): unknown {
  switch (option.type) {
    case 'integer':
      return /^-?\d+$/.test(text) ? Number(text) : text
    case 'boolean':
      if (/^(true|1|on|yes)$/i.test(text)) return true
      return /^(false|0|off|no)$/i.test(text) ? false : text
    case 'list':
      return text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '')
    case 'map':
      return jsonOr(text)
    case 'string':
      return text
  }
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Where an option's value goes: the one app that variables can define is `apps[0]`. */
export function settingPath(option: Option): Path {
  return option.path.map((key) => (key === '[]' ? 0 : key))
}

function setting(option: Option, variable: string, text: string): Setting {
  return {
    path: settingPath(option),
    value: parseValue(text, option),
    origin: { kind: 'environment', variable },
  }
}

function unknownVariable(variable: string): string {
  const suffix = variable.endsWith('_FILE') ? '_FILE' : ''
  const meant = nearest(variable.slice(0, variable.length - suffix.length), [
    ...byVariable.keys(),
    CONFIG_VARIABLE,
  ])
  return `this variable is not an option${meant === undefined ? '' : `; did you mean ${meant}${meant === CONFIG_VARIABLE ? '' : suffix}?`}`
}

function invalid(variable: string, message: string): Problem {
  return { code: 'RESOUND_CONFIG_INVALID', place: variable, message }
}

/**
 * Whether Kubernetes set this variable for a Service whose name it begins with.
 *
 * Kubernetes, "Discovering services": {NAME}_SERVICE_HOST, {NAME}_SERVICE_PORT[_{PORT}], and Docker's
 * {NAME}_PORT=tcp://... with its parts. RESOUND_PORT itself is one of them.
 */
export function isServiceLink(variable: string, text: string): boolean {
  return (
    /_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/.test(
      variable,
    ) ||
    (/_PORT$/.test(variable) && /^(tcp|udp|sctp):\/\//.test(text))
  )
}
