/**
 * Why a Redis does not do what it is asked, as a finding.
 */
import type { PeerCertificate } from 'node:tls'
import { reasonOf } from '../../redis/remedy.ts'
import { credentialsOf } from '../../redis/target.ts'
import type { Finding, Fix } from '../check.ts'
import { allowing } from './permissions.ts'
import { SPEAKS_PLAIN, SPEAKS_TLS, secondOpinion, WANTS_CERTIFICATE } from './probe.ts'
import type { RedisUse } from './uses.ts'

interface Known {
  readonly pattern: RegExp
  readonly causeId: string
  readonly cause: string
  readonly fix?: (use: RedisUse, error: RedisError) => Fix
}

type RedisError = Error & { readonly code?: unknown; readonly cert?: PeerCertificate }

const URL_WITH_PASSWORD = (use: RedisUse): Fix => ({
  text: `Put the user and the password that Redis has into ${use.option}; what is not a letter or digit is written as in any URL.`,
  paste: `${urlOf(use).protocol}//USER:PASSWORD@${use.name.split(',')[0]}`,
  into: use.option,
})

/** The first URL of a Redis. */
const urlOf = ({ target }: RedisUse): URL =>
  new URL(target.cluster[0] ?? target.url ?? 'redis://127.0.0.1')

/** The same URL with something else in it; who the user is stays with the reader. */
function urlWith(
  use: RedisUse,
  changes: { readonly protocol?: string; readonly hostname?: string },
) {
  const { protocol, hostname, port } = { ...portOf(urlOf(use)), ...changes }
  const { username, password } = credentialsOf(urlOf(use).href)
  const user = username === undefined && password === undefined ? '' : 'USER:PASSWORD@'
  return {
    paste: `${protocol}//${user}${hostname}${port === '' ? '' : `:${port}`}`,
    into: use.option,
  }
}

const portOf = ({ protocol, hostname, port }: URL) => ({ protocol, hostname, port })

/** A name that a certificate is for: `DNS:redis.example.com, IP Address:10.0.0.1`. */
function nameIn(certificate: PeerCertificate | undefined): string | undefined {
  const names = certificate?.subjectaltname ?? ''
  return /DNS:([^,]+)/.exec(names)?.[1] ?? /IP Address:([^,]+)/.exec(names)?.[1]
}

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
    fix: (use) => allowing(use),
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
    pattern: new RegExp(SPEAKS_TLS),
    causeId: 'plain-to-tls',
    cause: 'Redis takes connections by TLS only on this port.',
    fix: (use) => ({
      text: 'Write rediss:// for redis://.',
      ...urlWith(use, { protocol: 'rediss:' }),
    }),
  },
  {
    pattern: new RegExp(SPEAKS_PLAIN),
    causeId: 'tls-to-plain',
    cause: 'Redis does not speak TLS on this port.',
    fix: (use) => ({
      text: 'Write redis:// for rediss://, or the port on which Redis speaks TLS (tls-port).',
      ...urlWith(use, { protocol: 'redis:' }),
    }),
  },
  {
    pattern: new RegExp(WANTS_CERTIFICATE),
    causeId: 'tls-client-certificate',
    cause: 'Redis knows its clients by certificates (tls-auth-clients), and takes none from here.',
    fix: ({ option }) => ({
      text: `Name a certificate that its authority has signed, and its key (cert and key of ${tlsOf(option)}).`,
    }),
  },
  {
    pattern: /ALTNAME/,
    causeId: 'tls-name',
    cause: 'The certificate of Redis is for another name than the one that is called.',
    fix: (use, { cert }) => {
      const hostname = nameIn(cert)
      return {
        text: 'Call it by a name that the certificate is for, and that leads there.',
        ...(hostname === undefined ? {} : urlWith(use, { hostname })),
      }
    },
  },
  {
    pattern: /CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/,
    causeId: 'tls-expired',
    cause: 'The certificate of Redis is not valid on this day.',
    fix: () => ({ text: 'Renew it, and have Redis read it again (CONFIG SET tls-cert-file).' }),
  },
  {
    pattern: /SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET)|CERT_SIGNATURE|CERT_UNTRUSTED/,
    causeId: 'tls-authority',
    cause: 'The certificate of Redis is signed by an authority that is not known here.',
    fix: ({ option }) => ({
      text: `Name the certificate of the authority that signed it (ca of ${tlsOf(option)}).`,
    }),
  },
  {
    pattern: /CERT|handshake|SSL|EPROTO/i,
    causeId: 'tls',
    cause: 'The TLS connection to Redis fails.',
  },
  {
    pattern: /ETIMEDOUT|timed out|EHOSTUNREACH|ENETUNREACH/i,
    causeId: 'no-answer',
    cause: 'Nothing comes back: a firewall, a wrong address, or a Redis that hangs.',
  },
]

/** Which option has the TLS files beside one that has the URL. */
const tlsOf = (option: string): string =>
  option.startsWith('redis.') ? 'redis.tls' : option.replace(/\.\w+$/, '.redisTls')

/** An error of the connection, which does not say what is wrong. */
const IS_VAGUE =
  /Connection is closed|before it answered|ECONNRESET|EPIPE|ETIMEDOUT|timed out|EPROTO|SSL/i

/** A Redis that cannot be asked. */
export async function redisFault(use: RedisUse, error: RedisError): Promise<Finding> {
  const { reason, remedy } = reasonOf(error, use.target)
  const first = `${reason} ${String(error.code)}`
  const second = IS_VAGUE.test(first) ? await secondOpinion(use.target) : undefined
  const known =
    KNOWN.find(({ pattern }) => pattern.test(second ?? '')) ??
    KNOWN.find(({ pattern }) => pattern.test(first))
  const names = error.cert?.subjectaltname
  return {
    outcome: 'critical',
    summary: `Redis at ${use.name} does not answer the server's user.`,
    evidence: [
      `It says: ${reason}`,
      ...(second === undefined ? [] : [/^[-+]/.test(second) ? `Asked again: ${second}` : second]),
      ...(names === undefined ? [] : [`Its certificate is for ${names}.`]),
      `Named in ${use.option}.`,
    ],
    cause: known?.cause ?? 'Redis, or the way to it, refuses.',
    causeId: known?.causeId ?? 'unreachable',
    fix: known?.fix?.(use, error) ?? { text: remedy },
  }
}
