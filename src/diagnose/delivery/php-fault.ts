/**
 * What it means when the app's own PHP cannot broadcast, told from what it says.
 */
import type { Finding, Fix } from '../check.ts'
import { NO_CURL, WITHOUT_CURL } from '../config/driver.ts'
import { inApp } from '../laravel/owner.ts'
import type { PhpFault } from '../laravel/php.ts'
import { SYNCHRONISE } from './refusal.ts'
import type { Failure } from './scripts.ts'

interface Known {
  readonly pattern: RegExp
  readonly causeId: string
  readonly cause: string
  readonly fix?: Fix
}

const shell = (text: string, paste: string): Fix => ({ text, paste, into: 'shell' })

/** By the text of the exceptions; the first that fits. */
const KNOWN: readonly Known[] = [
  {
    pattern: /Class "?Pusher\\+Pusher"? not found/,
    causeId: 'no-pusher-sdk',
    cause: 'The PHP package that talks to Pusher-protocol servers is not installed.',
    fix: shell('Install it in the app.', 'composer require pusher/pusher-php-server'),
  },
  {
    pattern: /Class "?\\?Redis"? not found|Please make sure the PHP Redis extension is installed/,
    causeId: 'no-phpredis',
    cause: 'REDIS_CLIENT is phpredis, and this PHP has no such extension.',
    fix: shell(
      'Install the extension, or composer require predis/predis and set REDIS_CLIENT=predis.',
      'apt install php-redis',
    ),
  },
  {
    pattern: /Class "?Predis\\+Client"? not found/,
    causeId: 'no-predis',
    cause: 'REDIS_CLIENT is predis, and that package is not installed.',
    fix: shell('Install it in the app.', 'composer require predis/predis'),
  },
  {
    pattern: NO_CURL,
    ...WITHOUT_CURL,
  },
  {
    pattern: /auth_timestamp is/,
    causeId: 'clock-skew',
    cause: 'The clock of the machine where the app runs differs from that of the server.',
    fix: SYNCHRONISE,
  },
  {
    pattern: /cURL error (?:60|77|51|35)|certificate/i,
    causeId: 'php-certificate',
    cause: 'PHP does not accept the certificate: it has its own list of authorities.',
    fix: {
      text: 'Serve the whole certificate chain, and name the list of authorities in php.ini (curl.cainfo).',
    },
  },
  {
    pattern: /no such table|Base table or view not found|Undefined table/,
    causeId: 'no-jobs-table',
    cause: 'The queue is in a table of the database that does not exist.',
    fix: shell(
      'Make it (before Laravel 11: queue:table).',
      'php artisan make:queue-table && php artisan migrate',
    ),
  },
  {
    pattern: /is not supported|is not defined|has not been configured/,
    causeId: 'no-connection',
    cause: 'config/broadcasting.php has no such connection or driver.',
  },
  {
    pattern: /WRONGPASS|NOAUTH|ERR AUTH|invalid password/i,
    causeId: 'redis-password',
    cause: 'The Redis of the app wants another user or password.',
    fix: { text: 'Correct REDIS_USERNAME and REDIS_PASSWORD.', into: '.env' },
  },
  {
    pattern: /NOPERM/,
    causeId: 'redis-acl',
    cause: 'The Redis user of the app may not publish, or not run scripts.',
    fix: { text: 'Allow it: ACL SETUSER <user> +eval +publish &<prefix>*' },
  },
  {
    pattern: /Connection refused|Connection timed out|getaddrinfo|RedisException|No such host/i,
    causeId: 'php-unreachable',
    cause: 'PHP gets no connection to where it publishes.',
  },
]

/** @param proxies variables that send PHP's requests through a proxy */
export function broadcastFault(
  { exception, message }: Failure,
  directory: string,
  proxies: readonly string[] = [],
): Omit<Finding, 'outcome'> {
  const evidence = [`${exception}: ${message.replaceAll(/\s+/g, ' ').slice(0, SHOWN_CHARACTERS)}`]
  const summary = 'The app itself cannot broadcast.'
  if (proxies.length > 0 && !KNOWN.slice(0, 4).some(({ pattern }) => pattern.test(message))) {
    return {
      summary,
      evidence: [...evidence, `PHP has a proxy: ${proxies.join(', ')}`],
      cause: 'PHP sends its requests through a proxy, and a request without it arrives.',
      causeId: 'php-proxy',
      fix: { text: 'Name the host of the server in no_proxy, where the app gets its environment.' },
    }
  }
  const known = KNOWN.find(({ pattern }) => pattern.test(`${exception} ${message}`))
  if (known === undefined) return { summary, evidence, causeId: 'php-exception' }
  const { causeId, cause, fix } = known
  const inside = fix === undefined ? {} : { fix: insideOf(directory, fix) }
  return { summary, evidence, cause, causeId, ...inside }
}

/** Commands of the app are run in its directory. */
function insideOf(directory: string, fix: Fix): Fix {
  const { paste = '' } = fix
  return /^(php artisan|composer) /.test(paste) ? { ...fix, paste: inApp(directory, paste) } : fix
}

const SHOWN_CHARACTERS = 300

/** The app does not even start, of which config.app tells more. */
export function startFault(fault: PhpFault, directory: string): Finding {
  const { reason, message, exception, place } = fault
  if (reason === 'no-php') {
    return { outcome: 'skip', summary: 'There is no php here: run diagnose where the app runs.' }
  }
  const at = place === undefined ? '' : ` at ${place}`
  const broken = {
    outcome: 'critical',
    summary: 'The app does not start in PHP, so it cannot broadcast.',
    evidence: [`${exception ?? reason}${at}: ${message}`],
  } as const
  if (reason === 'no-vendor') {
    const fix = shell('Install the packages of the app.', 'composer install')
    return { ...broken, causeId: 'no-vendor', fix: insideOf(directory, fix) }
  }
  const known = KNOWN.find(({ pattern }) => pattern.test(`${exception ?? ''} ${message}`))
  if (known === undefined) return { ...broken, causeId: 'app-does-not-start' }
  const { causeId, cause, fix } = known
  return { ...broken, cause, causeId, ...(fix && { fix: insideOf(directory, fix) }) }
}
