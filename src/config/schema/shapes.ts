/**
 * The shapes of value that options in several places have: counts, addresses, PEM files.
 */
import { z } from 'zod'

export const KIBIBYTE = 1024
export const MEBIBYTE = 1024 * KIBIBYTE

/** A whole number; both bounds are allowed. */
export const count = (min: number, max: number) => z.int().min(min).max(max)

/** Whether every percent sign begins an encoded byte: clients decode user and password. */
function isDecodable(url: string): boolean {
  try {
    decodeURIComponent(url)
    return true
  } catch {
    return false // URIError
  }
}

/** The URL of a data store: it has a host, and its user and password can be decoded. */
export const storeUrl = (protocol: RegExp) =>
  z
    .url({ protocol, hostname: /./ })
    .refine(isDecodable, 'has a % that encodes nothing; a literal one is written %25')

export const redisUrl = storeUrl(/^rediss?$/).meta({
  accepts: 'a redis:// or rediss:// URL',
  secret: 'password',
})

export const redisUrls = z
  .array(redisUrl)
  .default([])
  .meta({ accepts: 'a list of redis:// or rediss:// URLs', secret: 'password' })

export const filePath = z
  .string()
  .regex(/^(?!-----BEGIN)./)
  .meta({ accepts: 'the path of a PEM file, not its content' })

/** The files for a server whose certificate no public authority signed, or that asks for ours. */
export const tlsTo = (server: string) =>
  z.strictObject({
    ca: filePath.optional().describe('Path of the certificate authority to trust, PEM.'),
    cert: filePath.optional().describe(`Path of the certificate that ${server} asks for, PEM.`),
    key: filePath.optional().describe("Path of that certificate's key, PEM."),
  })
