/**
 * An app as soketi describes it, in our words.
 *
 * soketi reads the same record from its configuration (camel case), from SQL (snake case) and from
 * DynamoDB (Pascal case), and so does this (soketi 1.6, app.ts). Whether the values are any good is
 * for the schema `AppConfig` to say; this only knows what they mean.
 */
import { WEBHOOK_EVENTS } from '../config/schema/webhook.ts'
import { json, kibibytes, number, numberOrNoLimit, text, truth } from './column.ts'

export interface SoketiApp {
  /** For the schema to check. */
  readonly app: Readonly<Record<string, unknown>>
  /** What was said and cannot be kept. Never holds a value that might be secret. */
  readonly lost: readonly Lost[]
  /** Fields that are not soketi's. */
  readonly unknown: readonly string[]
}

export interface Lost {
  /** As the record names it. */
  readonly field: string
  readonly reason: string
}

type Fields = Readonly<Record<string, unknown>>

interface Field {
  /** In the configuration, in DynamoDB and, last, in SQL; as in soketi, the last given counts. */
  readonly names: readonly string[]
  /** Where our configuration has it; nowhere, if it has no equivalent. */
  readonly paths: readonly (readonly string[])[]
  readonly read: (value: unknown) => unknown
}

const pascalCase = (name: string): string => `${name.charAt(0).toUpperCase()}${name.slice(1)}`
const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (s) => `_${s.toLowerCase()}`)

const field = (
  name: string,
  read: Field['read'],
  paths: Field['paths'],
  column = snakeCase(name),
): Field => ({ names: [name, pascalCase(name), column], paths, read })

const credential = (name: string): Field => ({
  names: [`App${pascalCase(name)}`, name],
  paths: [[name]],
  read: text,
})

const FIELDS = {
  id: credential('id'),
  key: credential('key'),
  secret: credential('secret'),
  enabled: field('enabled', truth, [['enabled']]),
  maxConnections: field('maxConnections', numberOrNoLimit, [['maxConnections']]),
  clientMessages: field('enableClientMessages', truth, [['clientEvents']]),
  userAuthentication: field('enableUserAuthentication', truth, [['userAuthentication']]),
  clientEvents: field(
    'maxClientEventsPerSecond',
    numberOrNoLimit,
    [['limits', 'clientEventsPerSecond']],
    'max_client_events_per_sec',
  ),
  backendEvents: field('maxBackendEventsPerSecond', number, [], 'max_backend_events_per_sec'),
  reads: field('maxReadRequestsPerSecond', number, [], 'max_read_req_per_sec'),
  presenceMembers: field('maxPresenceMembersPerChannel', number, [['limits', 'presenceMembers']]),
  presenceMemberBytes: field('maxPresenceMemberSizeInKb', kibibytes, [
    ['limits', 'presenceMemberBytes'],
  ]),
  channelNameLength: field('maxChannelNameLength', number, [['limits', 'channelNameLength']]),
  channelsPerEvent: field('maxEventChannelsAtOnce', number, [['limits', 'channelsPerEvent']]),
  eventNameLength: field('maxEventNameLength', number, [['limits', 'eventNameLength']]),
  eventBytes: field('maxEventPayloadInKb', kibibytes, [
    ['limits', 'eventBytes'],
    ['limits', 'clientEventBytes'],
  ]),
  eventsPerBatch: field('maxEventBatchSize', number, [['limits', 'eventsPerBatch']]),
  webhooks: field('webhooks', json, [['webhooks']]),
} as const satisfies Record<string, Field>

const ALL: readonly Field[] = Object.values(FIELDS)
const KNOWN = new Set(ALL.flatMap(({ names }) => names))

/** The columns of soketi's table. */
export const SOKETI_COLUMNS: readonly string[] = ALL.flatMap(({ names }) => names.slice(-1))

/** Translates soketi's record of one app. */
export function fromSoketi(record: Fields): SoketiApp {
  const top: Record<string, unknown> = {}
  const limits: Record<string, unknown> = {}
  for (const { names, paths, read } of ALL) {
    const found = given(record, names)
    if (found === undefined) continue
    for (const [first = '', second] of paths) {
      if (second === undefined) top[first] = read(found.value)
      else limits[second] = read(found.value)
    }
  }
  const lost = [...withoutEquivalent(record)]
  if (asNumber(record, FIELDS.clientEvents) === 0) top['clientEvents'] = false // of none, none
  if (Array.isArray(top['webhooks'])) {
    const translated = top['webhooks'].map(webhookFrom)
    top['webhooks'] = translated.flatMap(({ webhook }) => (webhook === undefined ? [] : [webhook]))
    lost.push(...translated.flatMap((one, index) => lostOf(one, index)))
  }
  return {
    app: Object.keys(limits).length === 0 ? top : { ...top, limits },
    lost,
    unknown: Object.keys(record).filter((name) => !KNOWN.has(name)),
  }
}

/** The SQL column that an option of ours comes from. @param path in `AppConfig`, of an issue with it */
export function soketiColumn(path: readonly PropertyKey[]): string | undefined {
  const wanted = path.slice(0, path[0] === 'limits' ? 2 : 1).join('.')
  return ALL.find(({ paths }) => paths.some((own) => own.join('.') === wanted))?.names.at(-1)
}

/** What soketi takes for absent is absent. */
function given(
  record: Fields,
  names: readonly string[],
): { readonly name: string; readonly value: unknown } | undefined {
  const name = names.findLast(
    (one) => record[one] !== undefined && record[one] !== null && record[one] !== '',
  )
  return name === undefined ? undefined : { name, value: record[name] }
}

function asNumber(record: Fields, { names }: Field): unknown {
  return number(given(record, names)?.value)
}

function* withoutEquivalent(record: Fields): Generator<Lost> {
  for (const { names } of [FIELDS.backendEvents, FIELDS.reads]) {
    const found = given(record, names)
    const limit = number(found?.value)
    if (found === undefined || (typeof limit === 'number' && limit < 0)) continue
    yield { field: found.name, reason: 'requests to the HTTP API are not limited per second' }
  }
}

interface TranslatedWebhook {
  readonly webhook?: unknown
  readonly lost: readonly { readonly field: string; readonly reason: string }[]
}

const SOKETI_WEBHOOK = ['event_types', 'filter', 'lambda', 'lambda_function']

/** Takes soketi's webhooks as well as ours, which pass through as they are. */
function webhookFrom(given: unknown): TranslatedWebhook {
  if (!isRecord(given) || !SOKETI_WEBHOOK.some((name) => name in given)) {
    return { webhook: given, lost: [] }
  }
  const { event_types, filter, lambda, lambda_function, ...others } = given
  if (others['url'] === undefined) {
    const reason = 'AWS Lambda is not called: put an HTTPS endpoint in front of it'
    return { lost: [{ field: 'lambda_function', reason }] }
  }
  const wanted: readonly unknown[] = Array.isArray(event_types) ? event_types : []
  const events = wanted.filter((name) => WEBHOOK_EVENTS.some((known) => known === name))
  const strange = wanted.filter((name) => !events.includes(name)).map(String)
  const lost =
    strange.length === 0
      ? []
      : [{ field: 'event_types', reason: `no webhook tells ${strange.join(', ')}` }]
  if (events.length === 0) {
    const reason = 'soketi sends nothing without event_types: left out'
    return { lost: [...lost, { field: 'event_types', reason }] }
  }
  const { channel_name_starts_with: prefix, channel_name_ends_with: suffix } = isRecord(filter)
    ? filter
    : {}
  return {
    webhook: {
      ...others,
      events,
      ...(prefix ? { channelPrefix: prefix } : {}),
      ...(suffix ? { channelSuffix: suffix } : {}),
    },
    lost,
  }
}

const lostOf = ({ lost }: TranslatedWebhook, index: number): Lost[] =>
  lost.map(({ field, reason }) => ({ field: `webhooks[${index}].${field}`, reason }))

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
