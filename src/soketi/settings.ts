/**
 * What a soketi is set to: by its JSON file, by variables, or by both.
 *
 * Read as soketi does it (cli.ts): keys of the file are paths, a variable wins over the file, and one
 * that is JSON counts as that. An object in the file joins the defaults, though, where soketi drops
 * those that the object does not repeat.
 */
import { isDeepStrictEqual, parseEnv } from 'node:util'
import { readConfigFile } from '../config/config-file.ts'
import { type Environment, isServiceLink } from '../config/environment.ts'
import { nearest } from '../config/nearest.ts'
import { nameOf, type Path } from '../config/options.ts'
import type { Problem } from '../config/problem.ts'
import { readText } from '../config/read-text.ts'
import { describeOrigin } from '../config/setting.ts'
import { valueAt, withValue } from '../config/tree.ts'
import { APPS, SOKETI_OPTIONS } from './options.ts'

/** Where to look. At least one of the two. */
export interface SoketiSources {
  /** Its path, and what messages call it. */
  readonly file: { readonly path: string; readonly name: string } | undefined
  /** Variables, and the `.env` that soketi reads beside them where it is started. */
  readonly environment: { readonly variables: Environment; readonly dotenv: string } | undefined
}

export interface UnknownSetting {
  readonly name: string
  readonly place: string
  /** What was probably meant. */
  readonly meant: string | undefined
}

interface Given {
  readonly path: Path
  readonly value: unknown
  /** A place in the file, or a variable. */
  readonly place: string
}

const byVariable = new Map(SOKETI_OPTIONS.map((option) => [option.variable, option]))
const defaults = new Map(SOKETI_OPTIONS.map((option) => [option.path, option.default]))

export class SoketiSettings {
  readonly unknown: readonly UnknownSetting[]
  readonly #given: readonly Given[]
  readonly #tree: unknown

  private constructor(given: readonly Given[], strange: readonly UnknownSetting[]) {
    this.#given = given.filter(({ path }) => isKnown(path))
    this.#tree = this.#given.reduce<unknown>(
      (tree, { path, value }) => withValue(tree, path, value),
      {},
    )
    this.unknown = [...strange, ...given.flatMap(unknownIn)]
  }

  /** Reads `sources`; a file that cannot be read, or is not JSON, is a problem. */
  static read(sources: SoketiSources): SoketiSettings | { readonly problems: readonly Problem[] } {
    const file = sources.file && readConfigFile(sources.file.path, sources.file.name)
    if (file !== undefined && file.problems.length > 0) return { problems: file.problems }
    const fromFile = (file?.settings ?? []).flatMap(({ path: [first, ...rest], value, origin }) =>
      first === undefined ? [] : [{ path: [...keysIn(first), ...rest], value, origin }],
    )
    const { given, strange } = fromVariables(sources.environment)
    return new SoketiSettings(
      [...fromFile.map((one) => ({ ...one, place: describeOrigin(one.origin) })), ...given],
      strange,
    )
  }

  /** The value in effect. */
  valueOf(path: string): unknown {
    return valueAt(this.#tree, keysIn(path)) ?? defaults.get(path)
  }

  /** Whether anything but the default was asked for. */
  isChanged(path: string): boolean {
    const value = valueAt(this.#tree, keysIn(path)) ?? null
    return value !== null && !isDeepStrictEqual(value, defaults.get(path))
  }

  /** The options of which anything but the default was asked for. */
  get changed(): readonly string[] {
    return SOKETI_OPTIONS.map(({ path }) => path).filter((path) => this.isChanged(path))
  }

  /** Where the value at `path` was given first; undefined where it was not. */
  placeOf(path: string): string | undefined {
    const keys = keysIn(path)
    return this.#given.find((one) => startsWith(one.path, keys))?.place
  }

  /** The records of the apps in the configuration, where the first has soketi's defaults. */
  get apps(): readonly unknown[] {
    const listed = valueAt(this.#tree, keysIn(APPS))
    if (Array.isArray(listed) && listed.length === 0) return []
    const [first = {}, ...others] = Array.isArray(listed) ? listed : []
    return [withValue(DEFAULT_APP, [], first), ...others]
  }
}

/** soketi's own app, which it serves where nothing names another. */
const DEFAULT_APP: unknown = SOKETI_OPTIONS.reduce<unknown>(
  (app, { path, default: value }) =>
    path.startsWith(`${APPS}.0.`) && value !== undefined
      ? withValue(app, [path.slice(APPS.length + 3)], value)
      : app,
  {},
)

function fromVariables(environment: SoketiSources['environment']): {
  readonly given: readonly Given[]
  readonly strange: readonly UnknownSetting[]
} {
  if (environment === undefined) return { given: [], strange: [] }
  const dotenv = readText(environment.dotenv)
  const variables = {
    ...('text' in dotenv ? parseEnv(dotenv.text) : {}),
    ...environment.variables,
  }
  const given: Given[] = []
  const strange: UnknownSetting[] = []
  for (const [variable, text = ''] of Object.entries(variables).sort()) {
    if (!variable.startsWith('SOKETI_') || text === '' || isServiceLink(variable, text)) continue
    const option = byVariable.get(variable)
    if (option === undefined) {
      const meant = nearest(
        variable,
        [...byVariable.keys()].filter((one) => one !== undefined),
      )
      strange.push({ name: variable, place: variable, meant })
    } else {
      given.push({ path: keysIn(option.path), value: valueIn(text), place: variable })
    }
  }
  return { given, strange }
}

/** A number that would be written otherwise is more likely a password. */
function valueIn(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value === null || (typeof value === 'number' && String(value) !== text) ? text : value
  } catch {
    return text
  }
}

function keysIn(path: string | number): Path {
  return String(path)
    .split('.')
    .map((key) => (/^\d+$/.test(key) ? Number(key) : key))
}

function startsWith(path: Path, start: Path): boolean {
  return start.every((key, index) => path[index] === key)
}

/** Besides the options, what their libraries take: `tls` of ioredis, `ssl` of pg. */
const KNOWN = [
  ...SOKETI_OPTIONS.map(({ path }) => path),
  ...[APPS, 'database.redis.tls', 'database.postgres.ssl', 'instance'],
]
const knownKeys = KNOWN.map(keysIn)

function isKnown(path: Path): boolean {
  return knownKeys.some((known) => startsWith(path, known))
}

function unknownIn({ path, value, place }: Given): UnknownSetting[] {
  const isEmptyGroup =
    isDeepStrictEqual(value, {}) && knownKeys.some((known) => startsWith(known, path))
  if (isKnown(path) || isEmptyGroup) return []
  const name = nameOf(path)
  return [{ name, place, meant: nearest(name, KNOWN) }]
}
