/**
 * The apps that a soketi lists in its configuration, and how it sends their webhooks.
 */
import { isDeepStrictEqual } from 'node:util'
import type { z } from 'zod'
import { fromSoketi } from '../apps/soketi-app.ts'
import { CREDENTIALS } from '../config/laravel-names.ts'
import { refusedValue, unknownKey } from '../config/problem.ts'
import { AppConfig } from '../config/schema/app.ts'
import { valueAt, withoutValue, withValue } from '../config/tree.ts'
import { isPrivateHost } from '../outward/address.ts'
import { APPS } from './options.ts'
import type { Note, Piece } from './piece.ts'
import type { SoketiSettings } from './settings.ts'

/** Notes before they are given their place. */
type Said = Omit<Note, 'place'>

/** The apps, where it is the configuration that soketi has them from. */
export function* appsOf(soketi: SoketiSettings): Generator<Piece> {
  if (soketi.valueOf('appManager.driver') !== 'array') return
  const served: AppConfig[] = []
  for (const [index, record] of soketi.apps.entries()) {
    const setting = `${APPS}.${index}`
    const { app, value, said } = accepted(record, index, served)
    for (const { setting: field, ...one } of said) {
      const name = field === '' ? setting : `${setting}.${field}`
      yield { ...one, setting: name, place: soketi.placeOf(name) ?? soketi.placeOf(setting) }
    }
    if (app === undefined) continue
    yield { kind: 'value', path: ['apps', served.length], value, from: setting }
    served.push(app)
  }
  if (served.some(({ webhooks }) => webhooks.length > 0)) yield* batching(soketi)
}

/** Without batching, an endpoint of soketi's is used to one event in each request. */
function* batching(soketi: SoketiSettings): Generator<Piece> {
  const isBatched = Boolean(soketi.valueOf('webhooks.batching.enabled'))
  const from = 'webhooks.batching.duration'
  const milliseconds = isBatched ? soketi.valueOf(from) : 0
  yield { kind: 'value', path: ['webhooks', 'batchMilliseconds'], value: milliseconds, from }
  if (!isBatched) yield { kind: 'value', path: ['webhooks', 'batchEvents'], value: 1, from }
}

interface Accepted {
  /** Undefined when it cannot be served. */
  readonly app?: AppConfig
  /** What the configuration says of it: nothing that is a default. */
  readonly value?: unknown
  /** By field of the record; an empty one is the app itself. */
  readonly said: readonly Said[]
}

/** What the schema accepts of a record. */
function accepted(record: unknown, index: number, served: readonly AppConfig[]): Accepted {
  if (!isRecord(record)) return leftOut('an app must be an object')
  const { app: translated, lost, unknown } = fromSoketi(record)
  const said: Said[] = [
    ...lost.map(({ field, reason }): Said => {
      return { kind: 'without equivalent', setting: field, message: `is left out: ${reason}` }
    }),
    ...unknown.map((field): Said => {
      return { kind: 'unknown', setting: field, message: 'is not an option of soketi' }
    }),
  ]
  let value: unknown = translated
  let parsed = AppConfig.safeParse(value)
  while (!parsed.success) {
    const [issue] = parsed.error.issues
    if (issue === undefined) throw parsed.error
    const { path, message } = refused(issue, value, index)
    if (path === undefined) return leftOut(message, said)
    said.push({ kind: 'refused', setting: '', message: `is without a part of it: ${message}` })
    value = withoutValue(value, path)
    parsed = AppConfig.safeParse(value)
  }
  const app = parsed.data
  for (const field of ['id', 'key'] as const) {
    if (served.some((other) => other[field] === app[field])) {
      return leftOut(`another app before it has the ${field} ${app[field]}`, said)
    }
  }
  if (app.secret === 'app-secret') {
    const message = "is soketi's own, which everybody knows: change it here and in the app"
    said.push({ kind: 'different', setting: 'secret', message })
  }
  for (const [webhook, { url }] of app.webhooks.entries()) {
    if (!isOfOwnNetwork(new URL(url).hostname)) continue
    value = withValue(value, ['webhooks', webhook, 'allowPrivateAddress'], true)
    const message = 'leads to a private address, which is allowed with allowPrivateAddress'
    said.push({ kind: 'different', setting: `webhooks[${webhook}].url`, message })
  }
  return { app, value: withoutDefaults(value, app), said }
}

function leftOut(reason: string, said: readonly Said[] = []): Accepted {
  const note: Said = { kind: 'app left out', setting: '', message: `is left out: ${reason}` }
  return { said: [...said, note] }
}

/** What has to go for the schema to accept the rest: without a path, all of it. */
function refused(issue: z.core.$ZodIssue, value: unknown, index: number) {
  const path = issue.path.filter((key) => typeof key !== 'symbol')
  const [first, second] = path
  const inConfig = ['apps', index, ...path]
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys
    return { path: [...path, key], message: unknownKey(inConfig, key) }
  }
  const message = refusedValue(inConfig, valueAt(value, path))
  if (first === undefined || CREDENTIALS.some((part) => part === first)) {
    return { path: undefined, message }
  }
  // A webhook without one of its filters would tell more than it should.
  const isPartOf = second !== undefined && (first === 'webhooks' || first === 'limits')
  return { path: isPartOf ? [first, second] : [first], message }
}

function withoutDefaults(value: unknown, { id, key, secret }: AppConfig): unknown {
  const defaults = AppConfig.parse({ id, key, secret })
  const given = Object.entries(isRecord(value) ? value : {})
  const limits = withoutValue(valueAt(value, ['limits']), ['clientEventsPerSecond'])
  // For all apps there is no limit on client events, unless this one has one of its own.
  const isLimited = valueAt(value, ['limits', 'clientEventsPerSecond']) !== 0
  return Object.fromEntries(
    given.flatMap(([name, own]) => {
      if (CREDENTIALS.some((part) => part === name)) return [[name, own]]
      if (name === 'limits' && !isLimited) {
        return isDeepStrictEqual(limits, {}) ? [] : [[name, limits]]
      }
      return isDeepStrictEqual(own, valueAt(defaults, [name])) ? [] : [[name, own]]
    }),
  )
}

/** Whether a host is a private address, or a name that only a private network knows. */
function isOfOwnNetwork(hostname: string): boolean {
  const isName = /^[a-z0-9-]+$/i.test(hostname) // of a container, or a service
  return isName || isPrivateHost(hostname) || /\.(local|internal|svc|lan|test)$/.test(hostname)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
