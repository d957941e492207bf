/**
 * Whether certificates and their keys can be used, found before a server or a Redis is there to
 * refuse them.
 */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import type { RedisTls } from '../redis/target.ts'
import { nameOf, type Path } from './options.ts'
import type { Config } from './schema.ts'

export interface TlsProblem {
  readonly path: Path
  /** A sentence without a full stop. */
  readonly message: string
}

/** What the file system or OpenSSL has against the files. Relative paths start at `directory`. */
export function tlsProblems({ tls, redis, apps }: Config, directory: string): TlsProblem[] {
  const read = (file: string): Buffer => readFileSync(resolve(directory, file))

  const ofRedis = (group: Path, { ca, cert, key }: RedisTls): TlsProblem[] => [
    ...(ca === undefined ? [] : problemWith([...group, 'ca'], [], () => ({ ca: read(ca) }))),
    ...(cert === undefined || key === undefined
      ? []
      : problemWith([...group, 'cert'], [...group, 'key'], () => ({
          cert: read(cert),
          key: read(key),
        }))),
  ]
  const { cert, key, passphrase } = tls ?? {}
  return [
    ...(cert === undefined || key === undefined
      ? []
      : problemWith(['tls', 'cert'], ['tls', 'key'], () => ({
          cert: read(cert),
          key: read(key),
          ...(passphrase === undefined ? {} : { passphrase }),
        }))),
    ...ofRedis(['redis', 'tls'], redis.tls),
    ...apps.flatMap(({ laravel }, index) =>
      ofRedis(['apps', index, 'laravel', 'redisTls'], laravel.redisTls),
    ),
  ]
}

/** @param beside the option that is used with it */
function problemWith(path: Path, beside: Path, files: () => SecureContextOptions): TlsProblem[] {
  try {
    createSecureContext(files())
    return []
  } catch (reason) {
    if (!(reason instanceof Error)) throw reason
    const names = [path, beside].filter(({ length }) => length > 0).map(nameOf)
    return [{ path, message: `${names.join(' and ')} cannot be used: ${reason.message}` }]
  }
}
