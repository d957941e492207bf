/**
 * Laravel's REDIS_ variables as URLs.
 *
 * As in Laravel, REDIS_URL wins over the parts, and the parts fill in what it leaves out
 * (Illuminate\Support\ConfigurationUrlParser). REDIS_DB does not matter: Redis publishes across databases.
 * Laravel has no variables for Sentinels; these are the ones of the packages that add them
 * (namoshek/laravel-redis-sentinel, monospice/laravel-redis-sentinel-drivers).
 */
import type { Given, Lookup } from './laravel-names.ts'
import type { Origin } from './setting.ts'

/** The URL that the variables describe, or undefined without REDIS_URL and REDIS_HOST. Wrong parts make a wrong URL. */
export function redisUrl(lookup: Lookup): Given | undefined {
  const isUnderSentinels = lookup('REDIS_SENTINEL_HOST') !== undefined
  const base = isUnderSentinels
    ? urlOfMaster(lookup)
    : (lookup('REDIS_URL') ?? urlOfHost(lookup('REDIS_HOST'), lookup('REDIS_SCHEME')))
  if (base === undefined) return undefined
  const text = base.value.replace(/^tls:/i, 'rediss:').replace(/^tcp:/i, 'redis:')
  if (!URL.canParse(text)) return base
  const url = new URL(text)
  const used: [Given, ...Given[]] = [base]
  const take = (variable: string, inUrl: string): string | undefined => {
    const found = inUrl === '' ? lookup(variable) : undefined
    if (found !== undefined) used.push(found)
    return found?.value
  }
  const password = take('REDIS_PASSWORD', url.password)
  if (password !== undefined) {
    url.password = encodeURIComponent(password)
    url.username = encodeURIComponent(take('REDIS_USERNAME', url.username) ?? url.username)
  }
  const port = isUnderSentinels ? undefined : take('REDIS_PORT', url.port)
  if (port !== undefined) url.port = port
  const refused = port !== undefined && Number(url.port) !== Number(port)
  return { value: refused ? `redis://${url.hostname}:${port}` : url.href, origin: originOf(used) }
}

/** The URLs of the Sentinels, with commas between them. */
export function sentinelUrls(lookup: Lookup): Given | undefined {
  const hosts = lookup('REDIS_SENTINEL_HOST')
  if (hosts === undefined) return undefined
  const [user, password] = ['REDIS_SENTINEL_USERNAME', 'REDIS_SENTINEL_PASSWORD'].map((variable) =>
    encodeURIComponent(lookup(variable)?.value ?? ''),
  )
  const credentials = password === '' ? '' : `${user}:${password}@`
  const port = lookup('REDIS_SENTINEL_PORT')?.value ?? SENTINEL_PORT
  const urls = hosts.value.split(',').map((host) => {
    const name = host.trim().replace(/^\w+:\/\//, '')
    return `redis://${credentials}${/:\d+$/.test(name) ? name : `${name}:${port}`}`
  })
  return { ...hosts, value: urls.join() }
}

const SENTINEL_PORT = '26379'

/** The name that the Sentinels know the master by, where a host would stand. */
function urlOfMaster(lookup: Lookup): Given | undefined {
  const service = lookup('REDIS_SENTINEL_SERVICE') ?? lookup('REDIS_SENTINEL_HOST')
  if (service === undefined) return undefined
  const isNamed = lookup('REDIS_SENTINEL_SERVICE') !== undefined
  const scheme = isTls(lookup('REDIS_SCHEME')) ? 'rediss' : 'redis'
  return { ...service, value: `${scheme}://${isNamed ? service.value : 'mymaster'}` }
}

/** A host as phpredis takes it: a name, an address, or either after `tls://`. */
function urlOfHost(host: Given | undefined, scheme: Given | undefined): Given | undefined {
  if (host === undefined || host.value.includes('://')) return host
  const isIPv6 = /^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(host.value)
  const name = isIPv6 ? `[${host.value}]` : host.value
  return { ...host, value: `${isTls(scheme) ? 'rediss' : 'redis'}://${name}` }
}

function isTls(scheme: Given | undefined): boolean {
  return scheme !== undefined && /^(tls|rediss)$/i.test(scheme.value)
}

/** The first one's place, with every variable of the same kind that had a part in the value. */
function originOf(used: readonly [Given, ...Given[]]): Origin {
  const [{ origin: first }] = used
  if (first.kind !== 'environment' && first.kind !== 'laravel') return first
  const variables = used.flatMap(({ origin }) =>
    origin.kind === first.kind ? [origin.variable] : [],
  )
  return { ...first, variable: variables.join(', ') }
}
