/** What to do about what Redis, or the way to it, says. */
import { FAULTS } from '../errors.ts'
import { type RedisTarget, withoutPasswords } from './target.ts'

type CodedError = Error & { readonly code?: unknown }

const OPTIONS = 'redis.url, .cluster, .sentinels; the same of apps[].laravel'

/** By what an error's text says or its code is; the first that fits. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/WRONGPASS|NOAUTH/, `Correct the user or password in the URL (${OPTIONS}).`],
  [
    /No such master/,
    'Give the name that the Sentinels know the master by as the host of the URL (redis.url, apps[].laravel.redisUrl).',
  ],
  [
    /cluster support disabled/,
    'This Redis is no Cluster: name it in redis.url (apps[].laravel.redisUrl) instead of cluster.',
  ],
  [
    /NOPERM.*sentinel/i,
    'Allow the user of the Sentinels to ask: ACL SETUSER <user> +sentinel|master',
  ],
  [
    /SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET)|CERT_SIGNATURE|CERT_UNTRUSTED/,
    'Name the authority that signed the certificate of Redis in redis.tls.ca (apps[].laravel.redisTls.ca).',
  ],
  [
    /certificate required|CERTIFICATE_REQUIRED|handshake failure/i,
    'Name the certificate that Redis asks for in redis.tls.cert and .key (apps[].laravel.redisTls).',
  ],
  [/ALTNAME_INVALID/, 'Use a host that the certificate of Redis is for, in every URL.'],
  [/ENOENT|EACCES/, 'Check the paths of redis.tls (apps[].laravel.redisTls).'],
]

/** What else it may be when a connection is made and does not come to an answer. */
const UNANSWERED = /ECONNRESET|EPIPE|ETIMEDOUT|before it answered/

/** One sentence, for the operator. */
export function remedyOf(error: CodedError, { url, cluster, tls }: RedisTarget): string {
  const text = textOf(error)
  const known = REMEDIES.find(([pattern]) => pattern.test(`${text} ${String(error.code)}`))
  if (known !== undefined) return known[1]
  const usual = FAULTS.RESOUND_REDIS_UNREACHABLE.remedy
  if (!UNANSWERED.test(text)) return usual
  if (!(cluster[0] ?? url ?? '').startsWith('rediss:')) {
    return `${usual} If it speaks TLS only, write rediss://.`
  }
  return tls.cert === undefined
    ? `${usual} If it speaks no TLS, write redis://; if it asks for a certificate, name one in redis.tls.cert and .key.`
    : `${usual} If it speaks no TLS, write redis://.`
}

/**
 * What an error says and what to do about it, for the log. Nothing else of it: ioredis adds the
 * command, with the password among its arguments.
 * @param pattern what was being subscribed to
 */
export function reasonOf(
  error: CodedError,
  target: RedisTarget,
  pattern?: string,
): { reason: string; remedy: string } {
  const text = textOf(error)
  const remedy =
    pattern !== undefined && text.startsWith('NOPERM')
      ? `Allow the Redis user to listen: ACL SETUSER <user> +psubscribe +punsubscribe +ping &${pattern}`
      : remedyOf(error, target)
  return { reason: withoutPasswords(text, target), remedy }
}

/** Failing on several addresses has no text, but a code. */
const textOf = ({ message, code }: CodedError): string => (message === '' ? String(code) : message)
