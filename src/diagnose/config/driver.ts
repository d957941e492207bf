/**
 * `config.driver`: whether the app broadcasts through a connection that leads to a server of this protocol.
 */
import { broadcastDriver } from '../../config/laravel-driver.ts'
import { type Finding, ok } from '../check.ts'
import { type BroadcastConnection, type LaravelFacts, usedConnection } from '../laravel/facts.ts'
import { inApp } from '../laravel/owner.ts'
import type { PhpFault } from '../laravel/php.ts'
import { laravelCheck } from './laravel-check.ts'

export const driverLeadsHere = laravelCheck(
  {
    id: 'config.driver',
    question: 'Does the app broadcast through a driver that leads here',
    needs: ['config.app', 'config.cache'],
  },
  ({ facts }) => {
    const { app } = facts
    const name = app.default ?? 'null'
    const used = usedConnection(facts)
    const driver = used?.driver ?? (name === 'null' ? 'null' : undefined)
    if (driver === undefined) return unknownConnection(facts, name)
    if (!['reverb', 'pusher', 'redis'].includes(driver)) return elsewhere(facts, name, driver)
    if (app.driverFault !== undefined) return brokenDriver(facts, app.driverFault)
    return ok(`The app broadcasts through its connection ${name} (driver ${driver}).`)
  },
)

/** The variable that says which connection counts, and the other name, which Laravel had before 11 or has since. */
function variablesOf({ directory, env }: LaravelFacts) {
  const given = (variable: string): string | undefined => env.get(variable)?.value || undefined
  const { variable } = broadcastDriver(directory, given)
  const other = variable === 'BROADCAST_CONNECTION' ? 'BROADCAST_DRIVER' : 'BROADCAST_CONNECTION'
  return { variable, given: given(variable), other, otherGiven: given(other) }
}

/** The connection that the app has credentials for. */
function complete({ app }: LaravelFacts): string {
  const names = ['reverb', 'pusher'].filter((name) => app.connections[name]?.key !== undefined)
  return names[0] ?? 'reverb'
}

function set(facts: LaravelFacts, variable: string, value: string): NonNullable<Finding['fix']> {
  return {
    text: `Set ${variable} in the app's .env, and restart its queue workers.`,
    paste: `${variable}=${value}`,
    into: `${facts.directory}/.env`,
  }
}

function elsewhere(facts: LaravelFacts, name: string, driver: string): Finding {
  const { variable, given, other, otherGiven } = variablesOf(facts)
  const version = facts.app.version === undefined ? '' : ` (Laravel ${facts.app.version})`
  const broken = {
    outcome: 'critical',
    summary: `The app does not broadcast to this server, but through ${name} (driver ${driver}).`,
  } as const
  if (otherGiven !== undefined && otherGiven !== name && given !== otherGiven) {
    return {
      ...broken,
      evidence: [`${other}=${otherGiven} in .env`, `config/broadcasting.php reads ${variable}`],
      cause: `The .env has ${other}, and this app${version} reads ${variable}: Laravel 11 renamed it.`,
      causeId: 'driver-variable',
      fix: set(facts, variable, otherGiven),
    }
  }
  const causes: Readonly<Record<string, string>> = {
    log: 'The log driver writes events into storage/logs, and sends nothing.',
    null: 'The null driver drops events.',
    ably: 'This driver sends events to Ably.',
  }
  return {
    ...broken,
    evidence: [given === undefined ? `${variable} is not set in .env` : `${variable}=${given}`],
    cause: causes[driver] ?? 'This driver is not one of reverb, pusher and redis.',
    causeId: driver === 'log' || driver === 'null' ? `${driver}-driver` : 'other-driver',
    fix: set(facts, variable, complete(facts)),
  }
}

function unknownConnection(facts: LaravelFacts, name: string): Finding {
  const { variable } = variablesOf(facts)
  return {
    outcome: 'critical',
    summary: `The app broadcasts through ${name}, which its config/broadcasting.php does not have.`,
    evidence: [`connections there: ${Object.keys(facts.app.connections).join(', ')}`],
    causeId: 'unknown-connection',
    fix: set(facts, variable, complete(facts)),
  }
}

/** Whether an exception's message is the SDK's about the key for encrypted channels. */
export const namesMasterKey = (message: string): boolean => /encryption.master.key/i.test(message)

export const noMasterKey = (evidence: readonly string[]): Finding => ({
  outcome: 'critical',
  summary: 'The app has no key for encrypted channels, of 32 bytes in base64.',
  evidence,
  cause: 'Its broadcast connection needs options.encryption_master_key_base64.',
  causeId: 'no-master-key',
  fix: {
    text: "Make a key, keep it in the app's .env, and name it in config/broadcasting.php as options.encryption_master_key_base64.",
    paste: 'openssl rand -base64 32',
    into: 'shell',
  },
})

/** What the SDK says, which of the ways that it has had. */
export const NO_CURL = /Call to undefined function curl_|(?:PHP cURL module|cURL PHP extension)/
export const WITHOUT_CURL = {
  cause: 'This PHP has no curl extension.',
  causeId: 'no-curl',
  fix: { text: 'Install it for the PHP of the app.', paste: 'apt install php-curl', into: 'shell' },
} as const

/** Why an app that does not start cannot broadcast, where that is why; its channels are loaded as it starts. */
export function startFault(facts: LaravelFacts, fault: PhpFault): Finding | undefined {
  const { message, exception = '' } = fault
  const undefinedName = /^Broadcast connection \[(.*)\] is not defined/.exec(message)?.[1]
  if (undefinedName !== undefined) return unknownConnection(facts, undefinedName)
  if (namesMasterKey(message)) return noMasterKey([`${exception}: ${message}`])
  const isBroadcaster =
    /^Failed to create broadcaster|Pusher\\Pusher|Pusher::__construct/.test(message) ||
    NO_CURL.test(message)
  return isBroadcaster ? brokenDriver(facts, { exception, message }) : undefined
}

function brokenDriver(
  facts: LaravelFacts,
  { exception, message }: { readonly exception: string; readonly message: string },
): Finding {
  const name = facts.app.default ?? ''
  const broken = {
    outcome: 'critical',
    summary: `The app cannot make its broadcast connection ${name}.`,
    evidence: [`${exception}: ${message}`],
  } as const
  if (/Class "?Pusher\\Pusher"? not found/.test(message)) {
    return {
      ...broken,
      cause: 'The package that speaks to servers of this protocol is not installed.',
      causeId: 'sdk-missing',
      fix: {
        text: 'Install it.',
        paste: inApp(facts.directory, 'composer require pusher/pusher-php-server'),
        into: 'shell',
      },
    }
  }
  if (NO_CURL.test(message)) return { ...broken, ...WITHOUT_CURL }
  const used = facts.app.connections[name]
  const missing = missingParts(used)
  if (used?.driver !== 'redis' && missing.length > 0) {
    return { ...broken, ...missingCredentials(facts, name, missing) }
  }
  return {
    ...broken,
    causeId: 'driver-broken',
    fix: { text: 'Correct what the exception names in config/broadcasting.php.' },
  }
}

const VARIABLES = { appId: 'APP_ID', key: 'APP_KEY', secret: 'APP_SECRET' } as const

/** Which of an id, a key and a secret the connection has not. */
export const missingParts = (
  used: BroadcastConnection | undefined,
): readonly (keyof typeof VARIABLES)[] =>
  (['appId', 'key', 'secret'] as const).filter((part) => !used?.[part])

export function missingCredentials(
  facts: LaravelFacts,
  name: string,
  missing: readonly (keyof typeof VARIABLES)[],
): Pick<Finding, 'cause' | 'causeId' | 'fix'> {
  const variables = missing.map((part) => `${name.toUpperCase()}_${VARIABLES[part]}`)
  return {
    cause: `Its credentials are not there: ${variables.join(', ')}.`,
    causeId: 'credentials-missing',
    fix: {
      text: `Set them to the app's id, key and secret in the server's configuration.`,
      into: `${facts.directory}/.env`,
    },
  }
}
