/**
 * A soketi's settings as a configuration of ours, and what cannot be kept of them.
 *
 * What comes out is valid: a value that the schema refuses is left out, and said. Options at our own
 * default are left out as well. Two tables say the most of it; the rest is what several settings of
 * soketi decide together.
 */
import { optionAt, type Path } from '../config/options.ts'
import { withValue } from '../config/tree.ts'
import { validate } from '../config/validate.ts'
import { appsOf } from './apps.ts'
import { databasesOf } from './databases.ts'
import type { Note, Piece, Value } from './piece.ts'
import type { SoketiSettings } from './settings.ts'

export interface Translation {
  /** Valid, with nothing in it that is a default of ours. Holds secrets. */
  readonly config: unknown
  /** What the operator should know; never a secret's value. */
  readonly notes: readonly Note[]
  /** Whether every app that soketi serves is served. */
  readonly isComplete: boolean
}

/** Translates everything that `soketi` is set to. */
export function translate(soketi: SoketiSettings): Translation {
  const pieces = [
    ...options(soketi),
    ...appsOf(soketi),
    ...databasesOf(soketi),
    ...different(soketi),
    ...withoutEquivalent(soketi),
    ...unknown(soketi),
  ]
  let config: unknown = {}
  const notes: Note[] = []
  for (const piece of pieces) {
    if (piece.kind !== 'value') {
      notes.push(piece)
      continue
    }
    const refused = refusals(piece, soketi)
    if (refused.length > 0) notes.push(...refused)
    else if (piece.value !== optionAt(piece.path)?.default) {
      config = withValue(config, piece.path, piece.value)
    }
  }
  return { config, notes, isComplete: !notes.some(({ kind }) => kind === 'app left out') }
}

type Change = (value: unknown) => unknown

const kibibytes: Change = (kib) => (typeof kib === 'number' ? Math.round(kib * 1024) : kib)
const wholeSeconds: Change = (ms) => (typeof ms === 'number' ? Math.ceil(ms / 1000) : ms)
const asText: Change = (value) => (typeof value === 'number' ? String(value) : value)
const asIs: Change = (value) => value

/** What one option of ours says. */
const SAME: readonly (readonly [soketi: string, ours: Path, change: Change])[] = [
  ['host', ['host'], asText],
  ['port', ['port'], asIs],
  ['pathPrefix', ['pathPrefix'], asText],
  ['channelLimits.maxNameLength', ['limits', 'channelNameLength'], asIs],
  ['eventLimits.maxNameLength', ['limits', 'eventNameLength'], asIs],
  ['eventLimits.maxPayloadInKb', ['limits', 'eventBytes'], kibibytes],
  ['eventLimits.maxPayloadInKb', ['limits', 'clientEventBytes'], kibibytes],
  ['eventLimits.maxChannelsAtOnce', ['limits', 'channelsPerEvent'], asIs],
  ['eventLimits.maxBatchSize', ['limits', 'eventsPerBatch'], asIs],
  ['presence.maxMembersPerChannel', ['limits', 'presenceMembers'], asIs],
  ['presence.maxMemberSizeInKb', ['limits', 'presenceMemberBytes'], kibibytes],
  ['channelLimits.cacheTtl', ['cache', 'ttlSeconds'], asIs],
  ['userAuthenticationTimeout', ['userAuthenticationTimeoutSeconds'], wholeSeconds],
  ['shutdownGracePeriod', ['drain', 'windowSeconds'], wholeSeconds],
  ['metrics.port', ['admin', 'port'], asIs],
]

/** Room for a client event of the largest size, of which JSON may escape every byte. */
function messageBytes(kib: unknown): unknown {
  return typeof kib === 'number' ? Math.max(65_536, 2 * Math.round(kib * 1024) + 1024) : undefined
}

function* options(soketi: SoketiSettings): Generator<Piece> {
  for (const [from, path, change] of SAME) {
    yield { kind: 'value', path, value: change(soketi.valueOf(from)), from }
  }
  const largest = 'eventLimits.maxPayloadInKb'
  const bytes = messageBytes(soketi.valueOf(largest))
  if (bytes !== undefined) {
    yield { kind: 'value', path: ['limits', 'messageBytes'], value: bytes, from: largest }
  }
  // soketi counts client events only where an app asks for it.
  yield { kind: 'value', path: ['limits', 'clientEventsPerSecond'], value: 0, from: 'rateLimiter' }
  if (soketi.valueOf('debug')) {
    yield { kind: 'value', path: ['log', 'level'], value: 'debug', from: 'debug' }
  }
  yield* tls(soketi)
  if (soketi.valueOf('metrics.enabled')) {
    const from = 'metrics.prometheus.prefix'
    yield { kind: 'value', path: ['metrics', 'prefix'], value: soketi.valueOf(from), from }
  }
}

function* tls(soketi: SoketiSettings): Generator<Piece> {
  const [cert, key, passphrase] = ['ssl.certPath', 'ssl.keyPath', 'ssl.passphrase'].map(
    (path) => asText(soketi.valueOf(path)) || undefined,
  )
  if (cert === undefined && key === undefined) return
  const value = { cert, key, ...(passphrase === undefined ? {} : { passphrase }) }
  yield { kind: 'value', path: ['tls'], value, from: 'ssl' }
}

const LOOPBACK: readonly unknown[] = ['127.0.0.1', '::1', 'localhost']

/** What works another way here, where it is used. */
function* different(soketi: SoketiSettings): Generator<Note> {
  const note = (setting: string, message: string): Note => ({
    kind: 'different',
    setting,
    place: soketi.placeOf(setting),
    message,
  })
  yield {
    kind: 'different',
    setting: 'activityTimeoutSeconds',
    place: undefined,
    message:
      'stays 120, and connections are pinged: soketi tells clients 30 and closes them after 120 seconds of silence',
  }
  if (soketi.valueOf('metrics.enabled') && !LOOPBACK.includes(soketi.valueOf('metrics.host'))) {
    yield note(
      'metrics.host',
      'is not taken over, as that port is reachable from this machine only; for a Prometheus elsewhere set admin.host and admin.token, and the token in its scrape configuration',
    )
  }
  if (soketi.isChanged('metrics.port') && !soketi.valueOf('metrics.enabled')) {
    yield note('metrics.port', 'becomes admin.port; what answers there is /metrics, not /usage')
  }
  if (soketi.valueOf('queue.driver') === 'sqs') {
    yield note('queue.driver', 'sqs is not there: with redis.url, webhooks wait in Redis')
  }
  if (
    soketi.valueOf('appManager.cache.enabled') &&
    soketi.valueOf('appManager.driver') === 'array'
  ) {
    yield note('appManager.cache.enabled', 'is not needed')
  }
  switch (soketi.valueOf('mode')) {
    case 'worker':
      yield note('mode', 'worker is not needed: the server sends its webhooks itself')
      break
    case 'server':
      yield note('mode', 'server needs no worker beside it: webhooks are sent from here')
      break
  }
}

/** Settings that nothing here answers to, by how they begin. The first that fits counts. */
const WITHOUT_EQUIVALENT: readonly (readonly [prefix: string, message: string])[] = [
  [
    'adapter',
    "is not there: nodes do not tell each other. Run one, or publish with Laravel's redis driver, which every node hears",
  ],
  ['appManager.dynamodb', 'is not there'],
  ['appManager.mysql', 'is not there'],
  ['appManager.postgres.version', 'is not needed'],
  ['database.mysql', 'is not there'],
  ['cache', 'is not there: cache channels are remembered in memory (cache.maxBytes)'],
  ['cluster', 'is not there: nodes do not look for each other'],
  [
    'cors',
    'is not there: the HTTP API is for servers. Which pages may connect is apps[].allowedOrigins',
  ],
  ['databasePooling', 'is not needed'],
  ['httpApi.acceptTraffic', 'is not there: /ready does not look at memory'],
  ['httpApi.requestLimitInMb', 'follows from limits.eventBytes and limits.eventsPerBatch'],
  ['instance', 'is not needed'],
  ['metrics.driver', 'is Prometheus in any case'],
  ['queue.sqs', 'is not there'],
  ['queue.redis', 'is not needed: webhooks are sent from here, those of a channel in order'],
  ['rateLimiter', 'is not there: each process counts for itself'],
  ['ssl.caPath', 'is not there: put the whole chain into the file of tls.cert'],
]

/** One note for all settings that a row of the table answers. */
function* withoutEquivalent(soketi: SoketiSettings): Generator<Note> {
  for (const [prefix, message] of WITHOUT_EQUIVALENT) {
    const changed = soketi.changed.filter(
      (path) => (path === prefix || path.startsWith(`${prefix}.`)) && !REDIS_DRIVERS.test(path),
    )
    const [first] = changed
    if (first === undefined) continue
    const setting = changed.join(', ')
    yield { kind: 'without equivalent', setting, place: soketi.placeOf(first), message }
  }
}

/** Options of a Redis that the Redis of ours is made of. */
const REDIS_DRIVERS = /\.(clusterMode|redis(Sub|Pub)?Options)$/

function unknown(soketi: SoketiSettings): readonly Note[] {
  return soketi.unknown.map(({ name, place, meant }) => ({
    kind: 'unknown',
    setting: name,
    place,
    message: `is not an option of soketi${meant === undefined ? '' : `; did you mean ${meant}?`}`,
  }))
}

/** What the schema has against a value. */
function refusals({ path, value, from }: Value, soketi: SoketiSettings): readonly Note[] {
  if (path[0] === 'apps') return [] // already checked, each part of it
  const { problems } = validate([{ path, value, origin: { kind: 'default' } }], undefined)
  return problems.map(({ message }) => ({
    kind: path[0] === 'postgres' ? 'app left out' : 'refused',
    setting: from,
    place: soketi.placeOf(from),
    message: `is left out: ${message}`,
  }))
}
