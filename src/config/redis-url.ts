/**
 * Laravel's REDIS_ variables as one URL.
 *
 * As in Laravel, REDIS_URL wins over the parts, and the parts fill in what it leaves out
 * (Illuminate\Support\ConfigurationUrlParser). REDIS_DB does not matter: Redis publishes across databases.
 */
import type { Given, Lookup } from './laravel-names.ts'
import type { Origin } from './setting.ts'

/** The URL that the variables describe, or undefined without REDIS_URL and REDIS_HOST. Wrong parts make a wrong URL. */
export function redisUrl(lookup: Lookup): Given | undefined {
  const base = lookup('REDIS_URL') ?? urlOfHost(lookup('REDIS_HOST'))
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
  const port = take('REDIS_PORT', url.port)
  if (port !== undefined) url.port = port
  const refused = port !== undefined && Number(url.port) !== Number(port)
  return { value: refused ? `redis://${url.hostname}:${port}` : url.href, origin: originOf(used) }
}

/** A host as phpredis takes it: a name, an address, or either after `tls://`. */
function urlOfHost(host: Given | undefined): Given | undefined {
  if (host === undefined || host.value.includes('://')) return host
  const isIPv6 = /^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(host.value)
  return { ...host, value: `redis://${isIPv6 ? `[${host.value}]` : host.value}` }
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
