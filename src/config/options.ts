/**
 * The options as a flat list, read out of the schema: what each accepts, its default, its variable.
 *
 * The environment names, the messages about refused values, `resound config` and the reference all
 * come from this list, so none of them can disagree with the schema.
 */
import { z } from 'zod'
import { Config } from './schema.ts'
import { MASK, shownUrl } from './shown-url.ts'

/** Where a value stands: keys, and the index of an app. */
export type Path = readonly (string | number)[]

/** One option, in the shape that text about it and text for it needs. */
export interface Option {
  /** Keys from the root; `[]` stands for any one app, or webhook of an app. */
  readonly path: readonly string[]
  /** The path as people write it: `apps[].laravel.redisPrefix`. */
  readonly name: string
  /** What it stands in: `apps[].laravel`, or an empty name at the top. */
  readonly group: { readonly name: string; readonly description: string }
  /** Its environment variable. For an option of an app: of the one app, with one webhook, that variables can define. */
  readonly variable: string
  readonly type: 'integer' | 'boolean' | 'string' | 'list' | 'map'
  /** What it accepts, in words that follow "must be". */
  readonly accepts: string
  /** Undefined when there is none. */
  readonly default: unknown
  readonly description: string
  /** Never shown: all of it, the password inside a URL, or what a URL has after where it leads to. */
  readonly secret: 'whole' | 'password' | 'address' | undefined
}

/** Stands for the index of an app, or of a webhook in it, in an option's path. */
const ANY = '[]'

/** The part of JSON Schema that our options come out as. */
const Description = z.object({
  type: z.enum(['object', 'array', 'string', 'integer', 'boolean']),
  get properties() {
    return z.record(z.string(), Description).optional()
  },
  get items() {
    return Description.optional()
  },
  enum: z.array(z.string()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
  default: z.unknown().optional(),
  description: z.string().optional(),
  accepts: z.string().optional(),
  secret: z.enum(['whole', 'password', 'address']).optional(),
})
type Description = z.infer<typeof Description>

const root = Description.parse(z.toJSONSchema(Config, { io: 'output' }))

/** Every option that holds a value, in the schema's order. */
export const OPTIONS: readonly Option[] = [...optionsOf(root, [], '')]

const byName = new Map(OPTIONS.map((option) => [option.name, option]))

/** The option at `path`, or undefined where the schema has none or has a group of them. */
export function optionAt(path: Path): Option | undefined {
  return byName.get(nameOf(path.map((key) => (typeof key === 'number' ? ANY : key))))
}

/** The keys that the schema knows inside `path`. */
export function keysAt(path: Path): readonly string[] {
  let description: Description | undefined = root
  for (const key of path) {
    description = typeof key === 'number' ? description?.items : description?.properties?.[key]
  }
  return Object.keys(description?.properties ?? {})
}

/** A path as people write it: `apps[0].laravel.redisPrefix`. */
export function nameOf(path: Path): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : key === ANY ? key : `.${key}`))
    .join('')
    .replace(/^\./, '')
}

/** `value` as it may be shown: without a secret in it. */
export function masked(option: Option | undefined, value: unknown): unknown {
  if (value === undefined || option?.secret === undefined) return value
  if (option.type === 'map' && typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.keys(value).map((key) => [key, MASK]))
  }
  if (option.secret === 'whole') return MASK
  if (Array.isArray(value)) return value.map((item) => masked(option, item))
  if (option.secret === 'address') return shownUrl(String(value))
  return String(value).replace(/^(\w+:\/\/[^:@/]*:)[^@]*(?=@)/, `$1${MASK}`)
}

function* optionsOf(
  description: Description,
  path: readonly string[],
  group: string,
): Generator<Option> {
  const inside = description.description ?? ''
  if (description.properties !== undefined) {
    for (const [key, child] of Object.entries(description.properties)) {
      yield* optionsOf(child, [...path, key], path.at(-1) === ANY ? group : inside)
    }
  } else if (description.items?.properties !== undefined) {
    yield* optionsOf(description.items, [...path, ANY], inside)
  } else {
    yield {
      path,
      name: nameOf(path),
      group: { name: nameOf(path.slice(0, -1)), description: group },
      variable: variableOf(path),
      type: typeOf(description),
      accepts: acceptedBy(description),
      default: description.default,
      description: inside,
      secret: description.secret,
    }
  }
}

function variableOf(path: readonly string[]): string {
  const [first, ...rest] = path.filter((key) => key !== ANY)
  const words = first === 'apps' ? ['app', ...rest] : path
  return `RESOUND_${words.map((word) => word.replace(/[A-Z]/g, '_$&').toUpperCase()).join('_')}`
}

function typeOf({ type }: Description): Option['type'] {
  if (type === 'array') return 'list'
  return type === 'object' ? 'map' : type
}

function acceptedBy(description: Description): string {
  if (description.accepts !== undefined) return description.accepts
  if (description.enum !== undefined) return `one of ${description.enum.join(', ')}`
  switch (description.type) {
    case 'integer':
      return `a whole number from ${description.minimum} to ${description.maximum}`
    case 'boolean':
      return 'true or false'
    case 'array':
      return `a list of texts${lengths(description.items)}`
    case 'string':
      return `text${lengths(description)}`
    case 'object':
      return 'an object'
  }
}

function lengths(description: Description | undefined): string {
  const { minLength = 0, maxLength } = description ?? {}
  if (maxLength === undefined) return minLength > 0 ? ', not empty' : ''
  return ` of ${minLength === 0 ? 'at most' : `${minLength} to`} ${maxLength} characters`
}
