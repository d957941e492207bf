/**
 * Laravel's own environment names, so that one `.env` can serve both sides.
 *
 * `REVERB_APP_*` and `PUSHER_APP_*` define the one app, `REVERB_SERVER_*` the listener, `REDIS_*` the
 * Redis that Laravel publishes to. Used for the process's environment and for an app's `.env` alike.
 * Sources: Laravel's config/reverb.php, config/broadcasting.php and config/database.php.
 */
import { parseValue, settingPath } from './environment.ts'
import { OPTIONS, type Option } from './options.ts'
import { redisUrl, sentinelUrls } from './redis-url.ts'
import type { Origin, Setting } from './setting.ts'

/** A variable's value and where it stands. */
export interface Given {
  readonly value: string
  readonly origin: Origin
}

/** Finds a variable; undefined when it is not set. */
export type Lookup = (variable: string) => Given | undefined

/** The two names that Laravel knows an app's credentials by. */
export type Family = 'REVERB' | 'PUSHER'

export const CREDENTIALS = ['id', 'key', 'secret'] as const

/** A lookup in `variables`, where Laravel's `env()` turns `null` into nothing and `empty` into ''. */
export function lookupIn(
  variables: (name: string) => string | undefined,
  originOf: (name: string) => Origin,
): Lookup {
  return (name) => {
    const value = variables(name)
    if (value === undefined || /^(null|\(null\))$/i.test(value)) return undefined
    return { value: /^(empty|\(empty\))$/i.test(value) ? '' : value, origin: originOf(name) }
  }
}

/** Everything that Laravel's names say. `preferred` decides where both families are complete. */
export function laravelSettings(lookup: Lookup, preferred: Family = 'REVERB'): readonly Setting[] {
  const given: Lookup = (name) => {
    const found = lookup(name)
    return found?.value === '' ? undefined : found
  }
  return [
    ...credentials(given, familyOf(given, preferred)),
    ...settingFrom('host', given('REVERB_SERVER_HOST')),
    ...settingFrom('port', given('REVERB_SERVER_PORT')),
    ...settingFrom('pathPrefix', given('REVERB_SERVER_PATH'), pathPrefix),
    ...settingFrom('redis.url', redisUrl(given)),
    ...settingFrom('redis.sentinels', sentinelUrls(given)),
    ...settingFrom('apps[].laravel.redisPrefix', lookup('REDIS_PREFIX')),
  ]
}

/** Whose credentials count: the preferred family's unless only the other's are complete. */
export function familyOf(lookup: Lookup, preferred: Family): Family {
  const other = preferred === 'REVERB' ? 'PUSHER' : 'REVERB'
  const given = (family: Family) =>
    CREDENTIALS.filter((part) => lookup(credentialName(family, part))?.value).length
  if (given(preferred) === CREDENTIALS.length) return preferred
  return given(other) === CREDENTIALS.length || given(preferred) === 0 ? other : preferred
}

export function credentialName(family: Family, part: (typeof CREDENTIALS)[number]): string {
  return `${family}_APP_${part.toUpperCase()}`
}

function credentials(lookup: Lookup, family: Family): readonly Setting[] {
  return CREDENTIALS.flatMap((part) =>
    settingFrom(`apps[].${part}`, lookup(credentialName(family, part))),
  )
}

/** `value` as the setting of the option called `name`. */
export function settingFrom(
  name: string,
  given: Given | undefined,
  change = (text: string) => text,
): readonly Setting[] {
  if (given === undefined) return []
  const option = optionNamed(name)
  const value = parseValue(change(given.value), option)
  return [{ path: settingPath(option), value, origin: given.origin }]
}

function optionNamed(name: string): Option {
  const option = OPTIONS.find((candidate) => candidate.name === name)
  if (option === undefined) throw new Error(`no option is called ${name}`)
  return option
}

/** Reverb takes its path with and without slashes around it. */
function pathPrefix(text: string): string {
  const path = text.replace(/^\/+|\/+$/g, '')
  return path === '' ? '' : `/${path}`
}
