/**
 * Which addresses belong to the open internet, and not to us, a neighbour, or a cloud's metadata.
 */
import { type LookupAddress, lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'

/** All that is assigned of IPv6 for the open internet (IANA, "IPv6 Global Unicast Address Space"). */
const GLOBAL = ipaddr.IPv6.parseCIDR('2000::/3')

/** Azure's host, which tells a guest its secrets and has an address like any other. */
const AZURE_HOST = '168.63.129.16'

/** Whether an address may be a host of the open internet. An IPv4 address inside of IPv6 counts as itself. */
export function isPublicAddress(address: string): boolean {
  const parsed = ipaddr.process(address)
  if (parsed.range() !== 'unicast') return false
  return parsed instanceof ipaddr.IPv6 ? parsed.match(GLOBAL) : parsed.toString() !== AZURE_HOST
}

/**
 * Whether a URL's host is an address that is not public, or this machine's own name (RFC 6761). What
 * another name stands for is only known when it is looked up.
 */
export function isPrivateHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (isIP(host) !== 0) return !isPublicAddress(host)
  return host === 'localhost' || host.endsWith('.localhost')
}

/** A name has no public address, or none at all that is. */
export class PrivateAddress extends Error {
  constructor(host: string) {
    super(`${host} has no public address`)
  }
}

/**
 * Looks names up without the addresses that are not public: what is left is what is dialled, so an
 * answer that changes between the check and the connection leads nowhere.
 */
export const publicOnly =
  (resolve: LookupFunction = lookup): LookupFunction =>
  (host, options, done) => {
    resolve(host, { ...options, all: true }, (error, answer, family) => {
      if (error !== null) return done(error, [])
      const addresses: LookupAddress[] =
        typeof answer === 'string' ? [{ address: answer, family: family ?? isIP(answer) }] : answer
      const allowed = addresses.filter(({ address }) => isPublicAddress(address))
      const [first] = allowed
      if (first === undefined) return done(new PrivateAddress(host), [])
      if (options.all === true) done(null, allowed)
      else done(null, first.address, first.family)
    })
  }
