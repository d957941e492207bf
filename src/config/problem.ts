/**
 * What is wrong with a configuration: which option, where it stands, what it must be instead.
 *
 * A problem never holds a secret's value, nor that of a key nobody knows.
 */
import { ResoundError } from '../errors.ts'
import { nearest } from './nearest.ts'
import { keysAt, nameOf, OPTIONS, optionAt, type Path } from './options.ts'

export interface Problem {
  readonly code: 'RESOUND_CONFIG_INVALID' | 'RESOUND_CONFIG_UNREADABLE'
  /** `file:line:column`, an environment variable or a flag; undefined where nothing was given. */
  readonly place: string | undefined
  /** A sentence without a full stop. */
  readonly message: string
}

/** All problems as one fault, a line each. */
export function refusal(problems: readonly Problem[]): ResoundError {
  const unreadable = problems.every(({ code }) => code === 'RESOUND_CONFIG_UNREADABLE')
  const lines = problems.map((problem) => `\n  ${describeProblem(problem)}`)
  return new ResoundError(
    unreadable ? 'RESOUND_CONFIG_UNREADABLE' : 'RESOUND_CONFIG_INVALID',
    `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:${lines.join('')}`,
  )
}

/** A problem as one line: the place, then what is wrong there. */
export function describeProblem({ place, message }: Problem): string {
  return place === undefined ? message : `${place}: ${message}`
}

/** What is wrong with a value that the schema refused. */
export function refusedValue(path: Path, value: unknown): string {
  const option = optionAt(path)
  const name = nameOf(path)
  if (value === undefined) return `${name} is required${option ? ` (${option.variable})` : ''}`
  if (option === undefined) {
    const whole = optionAt(path.slice(0, -1)) // a list, or a map, of which this is one item
    return whole === undefined
      ? `${name} must be ${groupAt(path)}`
      : `${name} does not fit: ${nameOf(path.slice(0, -1))} must be ${whole.accepts}`
  }
  const shown =
    option.secret === undefined && isShort(value) ? `, not ${JSON.stringify(value)}` : ''
  return `${name} must be ${option.accepts}${shown}`
}

/** What is wrong with a key that the schema does not know. */
export function unknownKey(parent: Path, key: string): string {
  const meant = nearest(key, keysAt(parent))
  const suggestion = meant === undefined ? '' : `; did you mean ${nameOf([...parent, meant])}?`
  return `${nameOf([...parent, key])} is not an option${suggestion}`
}

function groupAt(path: Path): string {
  const inside = nameOf([...path.map((key) => (typeof key === 'number' ? '[]' : key)), '[]'])
  return OPTIONS.some(({ name }) => name.startsWith(inside)) ? 'a list of objects' : 'an object'
}

function isShort(value: unknown): boolean {
  return value === null || (typeof value !== 'object' && String(value).length <= 60)
}
