/**
 * Why a Redis does not do what it is asked, as a finding.
 */
import { reasonOf } from '../../redis/remedy.ts'
import type { Finding, Fix } from '../check.ts'
import { allowing } from './permissions.ts'
import type { RedisUse } from './uses.ts'

interface Known {
  readonly pattern: RegExp
  readonly causeId: string
  readonly cause: string
  readonly fix?: (use: RedisUse) => Fix
}

const URL_WITH_PASSWORD = (use: RedisUse): Fix => ({
  text: `Put the user and the password that Redis has into ${use.option}; what is not a letter or digit is written as in any URL.`,
  paste: `redis://USER:PASSWORD@${use.name.split(',')[0]}`,
  into: use.option,
})

/** By an error's text or code; the first that fits. */
const KNOWN: readonly Known[] = [
  {
    pattern: /WRONGPASS/,
    causeId: 'wrong-password',
    cause: 'Redis knows the user with another password, or does not know the user.',
    fix: URL_WITH_PASSWORD,
  },
  {
    pattern: /NOAUTH/,
    causeId: 'password-missing',
    cause: 'Redis asks for a password, and none is configured.',
    fix: URL_WITH_PASSWORD,
  },
  {
    pattern: /DENIED.*protected mode/i,
    causeId: 'protected-mode',
    cause: 'Redis is in protected mode: without a password it answers on its own machine only.',
    fix: ({ option }) => ({
      text: `Give Redis a password and put it into ${option}.`,
      paste: 'ACL SETUSER default >CHOOSE-A-PASSWORD',
      into: 'redis-cli on the machine of Redis',
    }),
  },
  {
    pattern: /LOADING/,
    causeId: 'loading',
    cause: 'Redis has started and is still reading its data.',
  },
  {
    pattern: /NOPERM/,
    causeId: 'not-allowed',
    cause: 'The user may not do so much as ask whether Redis is there.',
    fix: allowing,
  },
  {
    pattern: /ECONNREFUSED/,
    causeId: 'refused',
    cause: 'Nobody listens there: Redis does not run, or has another port or address.',
    fix: ({ option }) => ({
      text: `Start Redis, or correct ${option}.`,
      paste: 'systemctl start redis-server',
      into: 'shell',
    }),
  },
  {
    pattern: /ENOTFOUND|EAI_AGAIN/,
    causeId: 'name-unknown',
    cause: 'The name of its host is not known here.',
  },
  {
    pattern: /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME|handshake|SSL|EPROTO/i,
    causeId: 'tls',
    cause: 'The TLS connection to Redis fails.',
  },
  {
    pattern: /ETIMEDOUT|timed out|EHOSTUNREACH|ENETUNREACH/i,
    causeId: 'no-answer',
    cause: 'Nothing comes back: a firewall, a wrong address, or a Redis that hangs.',
  },
]

/** A Redis that cannot be asked. */
export function redisFault(use: RedisUse, error: Error): Finding {
  const { reason, remedy } = reasonOf(error, use.target)
  const text = `${reason} ${String((error as NodeJS.ErrnoException).code)}`
  const known = KNOWN.find(({ pattern }) => pattern.test(text))
  return {
    outcome: 'critical',
    summary: `Redis at ${use.name} does not answer the server's user.`,
    evidence: [`It says: ${reason}`, `Named in ${use.option}.`],
    cause: known?.cause ?? 'Redis, or the way to it, refuses.',
    causeId: known?.causeId ?? 'unreachable',
    fix: known?.fix?.(use) ?? { text: remedy },
  }
}
