/**
 * The Redis prefix of a Laravel app whose `.env` does not name it: read out of its configuration.
 *
 * Laravel's default has had several forms and stays in the app's own config/database.php when the
 * framework is upgraded, so the file decides and not the version. What is not plainly one of those
 * forms is not guessed: a wrong prefix would hear nothing.
 */
import { join } from 'node:path'
import { z } from 'zod'
import { readText } from './read-text.ts'

export type DerivedPrefix =
  | {
      readonly prefix: string
      /** The file of the app that says so. */
      readonly file: string
      /** How it says so. */
      readonly rule: string
      /** Whether REDIS_PREFIX would count instead. */
      readonly isOverridable: boolean
    }
  /** Why it cannot be told. */
  | { readonly unknown: string }

/** Laravel 12 and older, then Laravel 13: what the framework itself falls back to. */
const FRAMEWORK_DEFAULTS = {
  old: { separator: '_', suffix: '_database_' },
  new: { separator: '-', suffix: '-database-' },
} as const

const SLUG_FORM =
  /^(?:env\('REDIS_PREFIX',)?(?:Str::slug|str_slug)\((?:\(string\))?env\('APP_NAME','(?<fallback>[^']*)'\)(?:,'(?<separator>[_-])')?\)\.'(?<suffix>[^']*)'\)?$/
const LITERAL_FORM = /^(?:env\('REDIS_PREFIX',)?'(?<literal>[^'\\]*)'\)?$/

/** Derives the prefix of the app in `directory`, whose APP_NAME is given as Laravel reads it. */
export function deriveRedisPrefix(directory: string, appName: string | undefined): DerivedPrefix {
  for (const file of ['config/database.php', 'vendor/laravel/framework/config/database.php']) {
    const read = readText(join(directory, file))
    const section = 'text' in read ? redisSection(read.text) : undefined
    if (section !== undefined) return fromSection(section, file, appName)
  }
  const major = frameworkVersion(directory)
  if (major === undefined) {
    return { unknown: 'neither config/database.php nor composer.lock is there to tell it' }
  }
  const { separator, suffix } = major > 12 ? FRAMEWORK_DEFAULTS.new : FRAMEWORK_DEFAULTS.old
  const place = { file: 'composer.lock', isOverridable: true }
  return slugged(appName ?? 'laravel', separator, suffix, place)
}

/** Whether the app's own configuration has Redis Clusters. */
export function hasClusters(directory: string): boolean {
  const read = readText(join(directory, 'config/database.php'))
  return 'text' in read && /'clusters'\s*=>/.test(redisSection(read.text) ?? '')
}

/** The redis part of a database.php, without its comments; undefined when there is none. */
function redisSection(php: string): string | undefined {
  const code = php.replace(/\/\*[\s\S]*?\*\/|^\s*(?:\/\/|#).*$|(?<=,)\s*(?:\/\/|#).*$/gm, '')
  return /'redis'\s*=>\s*\[(?<section>[\s\S]*)$/.exec(code)?.groups?.['section']
}

function fromSection(section: string, file: string, appName: string | undefined): DerivedPrefix {
  const unknown = { unknown: `${file} sets it in a way that is not one of Laravel's defaults` }
  const options = /'options'\s*=>\s*\[(?<inside>[^\]]*)\]/.exec(section)
  const outside = section.replace(options?.[0] ?? '', '')
  if (/'prefix'\s*=>/.test(outside)) return unknown
  const expression = /'prefix'\s*=>(?<expression>[^\n]*?),?\s*(?:\n|$)/.exec(
    options?.groups?.['inside'] ?? '',
  )?.groups?.['expression']
  const isOverridable = /env\(\s*'REDIS_PREFIX'/.test(expression ?? '')
  const place = { file, isOverridable }
  if (expression === undefined) return { ...place, prefix: '', rule: 'no prefix there' }
  const code = expression.replace(/\s+(?=(?:[^']*'[^']*')*[^']*$)/g, '')
  const literal = LITERAL_FORM.exec(code)?.groups?.['literal']
  if (literal !== undefined) return { ...place, prefix: literal, rule: 'as written there' }
  const { fallback = 'laravel', separator = '-', suffix } = SLUG_FORM.exec(code)?.groups ?? {}
  return suffix === undefined ? unknown : slugged(appName ?? fallback, separator, suffix, place)
}

function slugged(
  name: string,
  separator: string,
  suffix: string,
  place: { readonly file: string; readonly isOverridable: boolean },
): DerivedPrefix {
  if (/[^\x20-\x7e]/.test(name)) {
    return { unknown: 'APP_NAME has letters beyond ASCII, which Laravel transliterates' }
  }
  const rule = `Str::slug(APP_NAME, '${separator}').'${suffix}'`
  return { ...place, prefix: `${slug(name, separator)}${suffix}`, rule }
}

/** Laravel's Str::slug for ASCII text. */
function slug(title: string, separator: string): string {
  const other = separator === '-' ? '_' : '-'
  return title
    .replaceAll(new RegExp(`${other}+`, 'g'), separator)
    .replaceAll('@', `${separator}at${separator}`)
    .toLowerCase()
    .replaceAll(new RegExp(`[^${separator}a-z0-9\\s]+`, 'g'), '')
    .replaceAll(new RegExp(`[${separator}\\s]+`, 'g'), separator)
    .replace(new RegExp(`^${separator}+|${separator}+$`, 'g'), '')
}

const ComposerLock = z.object({
  packages: z.array(z.object({ name: z.string(), version: z.string() })),
})

/** The framework's major version by composer.lock; undefined when that cannot be told. */
function frameworkVersion(directory: string): number | undefined {
  const read = readText(join(directory, 'composer.lock'))
  if ('reason' in read) return undefined
  const lock = ComposerLock.safeParse(jsonOf(read.text))
  const version = lock.data?.packages.find(({ name }) => name === 'laravel/framework')?.version
  const major = /^v?(\d+)\./.exec(version ?? '')?.[1]
  return major === undefined ? undefined : Number(major)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // a broken lock file tells no version, which is all that is asked of it
  }
}
