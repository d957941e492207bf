/**
 * The PostgreSQL that apps are read from: where it is, and in which table.
 */
import { z } from 'zod'
import { count, storeUrl, tlsTo } from './shapes.ts'

const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full', 'no-verify']

/** Whether a PostgreSQL URL says nothing that would be passed over, such as `sslmode=prefer`. */
function isUnderstood(url: string): boolean {
  if (!URL.canParse(url)) return true // which is refused already
  return [...new URL(url).searchParams].every(
    ([name, value]) => name === 'sslmode' && SSL_MODES.includes(value),
  )
}

export const PostgresOptions = z.strictObject({
  url: storeUrl(/^postgres(ql)?$/)
    .refine(isUnderstood, `may end with ?sslmode=, one of ${SSL_MODES.join(', ')}, and no more`)
    .optional()
    .meta({ accepts: 'a postgres:// URL', secret: 'password' })
    .describe(
      'PostgreSQL with a table of apps, served beside those of the configuration. With ?sslmode=require or verify-full the connection is TLS and the certificate is verified; no-verify does not.',
    ),
  table: z
    .string()
    .max(128)
    .regex(/^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$/)
    .meta({ accepts: 'the name of a table, with its schema before it if need be' })
    .default('apps')
    .describe('The table.'),
  cacheSeconds: count(1, 3600)
    .default(3)
    .describe(
      'How old what is known of the table may be, where PostgreSQL does not notify of changes.',
    ),
  tls: tlsTo('PostgreSQL')
    .prefault({})
    .describe('TLS to PostgreSQL, where its URL asks for it (sslmode).'),
})
