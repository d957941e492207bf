/**
 * `resound config`: what would be configured, and what can be.
 */
import type { Command } from 'commander'
import { type Loaded, loadConfig, readConfig } from '../config/load.ts'
import { masked, nameOf, OPTIONS, type Path } from '../config/options.ts'
import { refusal } from '../config/problem.ts'
import { describeOrigin, type Origin } from '../config/setting.ts'
import type { Flags } from '../config/sources.ts'
import { valueAt } from '../config/tree.ts'
import { valuesIn } from '../config/values.ts'
import { commandsPage } from './commands-page.ts'
import { metricsPage, metricsReference } from './metrics-reference.ts'
import { EXIT, print, printJson, reportFault, wrapped } from './output.ts'
import { checksPage, errorsPage, exampleFile, optionsPage, reference } from './reference.ts'

interface Shape {
  readonly json?: boolean
}

/** `resound config check`: says whether `start` would accept the configuration; starts nothing. */
export function check({ json = false, ...flags }: Flags & Shape): number {
  const reading = readConfig({ flags })
  if (json) {
    const { valid } = reading
    printJson('config.check', {
      valid,
      problems: valid
        ? []
        : reading.problems.map(({ code, place, message }) => ({ code, place, message })),
      notices: valid ? reading.notices : [],
    })
    return valid ? EXIT.DONE : EXIT.BAD_CONFIGURATION
  }
  if (!reading.valid) return reportFault(refusal(reading.problems))
  for (const { level, message, fields } of reading.notices) {
    const pairs = Object.entries(fields).map(([name, value]) => `${name}=${textOf(value)}`)
    process.stderr.write(`${wrapped([`${level}: ${message}`, ...pairs].join(' '), '')}\n`)
  }
  print(`The configuration is valid${reading.file === undefined ? '' : `: ${reading.file}`}`)
  return EXIT.DONE
}

/** `resound config show`: every value in effect and where it came from, secrets masked. */
export function show({ json = false, ...flags }: Flags & Shape): number {
  const loaded = loadConfig({ flags })
  const values = [...valuesOf(loaded)]
  if (json) {
    printJson('config.show', {
      file: loaded.file,
      options: values.map(({ path, value, origin }) => ({
        option: nameOf(path),
        value: value ?? null,
        origin,
      })),
    })
    return EXIT.DONE
  }
  for (const { path, value, origin } of values) {
    if (value !== undefined) print(shownLine(nameOf(path), value, origin))
  }
  const unset = values.filter(({ value }) => value === undefined).map(({ path }) => nameOf(path))
  print(`\n${wrapped(`Not set: ${unset.join(', ')}`, '')}`)
  return EXIT.DONE
}

/** `resound config env`: every environment variable there is. */
export function env({ json = false }: Shape): number {
  if (json) {
    printJson('config.env', {
      variables: OPTIONS.map(({ variable, name, type, description, ...option }) => ({
        variable,
        option: name,
        type,
        default: option.default ?? null,
        description,
      })),
    })
    return EXIT.DONE
  }
  for (const { variable, description, ...option } of OPTIONS) {
    const value = asVariable(option.default)
    print(wrapped(value === '' ? variable : `${variable} (${value})`, '    ').trimStart())
    print(wrapped(description, '    '))
  }
  return EXIT.DONE
}

export const PAGES = ['options', 'errors', 'metrics', 'cli', 'checks', 'example'] as const
export type Page = (typeof PAGES)[number]

/** `resound config docs`: the reference, as the files in docs/ hold it. */
export function docs(
  { json = false, page = 'options' }: Shape & { readonly page?: Page },
  program: Command,
): number {
  if (json) printJson('config.docs', { ...reference(), metrics: metricsReference() })
  else process.stdout.write(WRITERS[page](program))
  return EXIT.DONE
}

const WRITERS: Readonly<Record<Page, (program: Command) => string>> = {
  options: optionsPage,
  errors: errorsPage,
  metrics: metricsPage,
  cli: commandsPage,
  checks: checksPage,
  example: exampleFile,
}

interface Value {
  readonly path: Path
  /** Masked where it is secret; undefined where it is not set. */
  readonly value: unknown
  readonly origin: Origin
}

function* valuesOf({ config, originOf }: Loaded): Generator<Value> {
  for (const { option, path } of valuesIn(config)) {
    const origin = originOf(path)
    const isMadeUp = origin.kind === 'generated' && !origin.isKept // and another one on each look
    const value = isMadeUp ? '(not yet)' : masked(option, valueAt(config, path))
    yield { path, value, origin }
  }
}

/** One line, or more where one would be longer than 80 characters. */
function shownLine(name: string, value: unknown, origin: Origin): string {
  const from = describeOrigin(origin)
  if (Array.isArray(value) && textOf(value).length > 36) {
    return `${name}\n${wrapped(value.join(', '), '    ')}\n    from ${from}`
  }
  const left = `${name.padEnd(42)} ${textOf(value).padEnd(18)}`
  return left.length + 1 + from.length <= 80
    ? `${left} ${from}`
    : `${left.trimEnd()}\n    from ${from}`
}

/** A default as its variable would have it; nothing for none and for an empty one. */
function asVariable(value: unknown): string {
  if (value === undefined || value === '') return ''
  return Array.isArray(value) ? value.join(', ') : textOf(value)
}

function textOf(value: unknown): string {
  return typeof value === 'string' && value !== '' ? value : JSON.stringify(value)
}
