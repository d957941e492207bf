/**
 * What nodes say to each other over Redis, as text: a line that names the version and the sender, then
 * records, a line of JSON each. An event's record says how long its data is, which follows as it is, so
 * that nobody parses a payload.
 *
 * Fields that are not known are passed over, and so are records of another kind: two releases can run
 * side by side. What is not understood at all is the sender's fault, and dropped.
 */
import { isObject, type JsonObject } from '../protocol/json.ts'
import { fromRedis } from './user-id.ts'

const VERSION = 1

/** An event on its way to the connections of every other node. */
export interface EventRecord {
  readonly type: 'event'
  readonly appId: string
  readonly channels: readonly string[]
  readonly event: string
  readonly data: string
  readonly exceptSocketId: string | undefined
  readonly userId: string | undefined
  readonly source: 'http' | 'client'
}

/** A user is in a channel from now on, or not any more. */
export interface MemberRecord {
  readonly type: 'member'
  readonly appId: string
  readonly channel: string
  readonly change: 'added' | 'removed'
  readonly userId: string
  /** JSON text; 'null' where somebody is removed. */
  readonly userInfo: string
  /** The number of the channel's last change before this one; 0 before its first. */
  readonly before: number
  readonly number: number
  readonly generation: string
}

/** How many subscriptions a channel has. */
export interface CountRecord {
  readonly type: 'count'
  readonly appId: string
  readonly channel: string
  readonly count: number
  readonly number: number
}

/** Every connection of a user has to go. */
export interface TerminateRecord {
  readonly type: 'terminate'
  readonly appId: string
  readonly userId: string
}

/** Something that every node is to answer, under an id. */
export interface QuestionRecord {
  readonly type: 'question'
  readonly id: string
  readonly question: unknown
}

export type BusRecord = EventRecord | MemberRecord | CountRecord | TerminateRecord | QuestionRecord

export interface Envelope {
  /** The incarnation of whoever sent it. */
  readonly sender: string
  readonly records: readonly BusRecord[]
  /** Records that could not be read. */
  readonly malformed: number
}

/** The line that a message begins with. @param sender without characters that JSON escapes */
export const headOf = (sender: string): string => `{"v":${VERSION},"n":"${sender}"}\n`

/** A record of the kinds that nodes send themselves; the others are written by scripts. */
export function encodeRecord(record: EventRecord | TerminateRecord | QuestionRecord): string {
  if (record.type === 'question') {
    return `${JSON.stringify({ t: 'q', i: record.id, q: record.question })}\n`
  }
  if (record.type === 'terminate') {
    return `${JSON.stringify({ t: 'x', a: record.appId, u: record.userId })}\n`
  }
  const { appId, channels, event, exceptSocketId, userId, source } = record
  const isPlain = record.data.isWellFormed()
  // A lone surrogate cannot be said in UTF-8 but escaped.
  const data = isPlain ? record.data : JSON.stringify(record.data)
  const head = {
    t: 'e',
    a: appId,
    c: channels,
    e: event,
    x: exceptSocketId,
    u: userId,
    s: source,
    l: data.length,
    j: isPlain ? undefined : 1,
  }
  return `${JSON.stringify(head)}\n${data}\n`
}

/**
 * hot path: once per message between nodes (test/bench, two nodes).
 * @returns undefined for what is no envelope of a version that is known
 */
export function decodeEnvelope(text: string): Envelope | undefined {
  const headEnd = text.indexOf('\n')
  const head = headEnd === -1 ? undefined : parse(text.slice(0, headEnd))
  if (head === undefined || head['v'] !== VERSION || typeof head['n'] !== 'string') return undefined
  const records: BusRecord[] = []
  let malformed = 0
  let at = headEnd + 1
  while (at < text.length) {
    const end = text.indexOf('\n', at)
    const fields = end === -1 ? undefined : parse(text.slice(at, end))
    if (fields === undefined) {
      malformed += 1 // where the next one begins is not known
      break
    }
    at = end + 1
    const length = fields['l']
    let data = ''
    if (length !== undefined) {
      // A negative one would lead back to a record that has been read, for ever.
      const isLength = typeof length === 'number' && Number.isInteger(length) && length >= 0
      if (!isLength || text[at + length] !== '\n') {
        malformed += 1
        break
      }
      data = text.slice(at, at + length)
      at += length + 1
    }
    const record = readRecord(fields, data)
    if (record === 'malformed') malformed += 1
    else if (record !== 'unknown') records.push(record)
  }
  return { sender: head['n'], records, malformed }
}

/** Who sent a message, without reading it: a node hears what it says itself. */
export const isFrom = (text: string, head: string): boolean => text.startsWith(head)

function parse(line: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return isObject(value) ? value : undefined
  } catch {
    return undefined // counted by the caller
  }
}

/** What a JSON string says. */
function textIn(json: string): string | undefined {
  try {
    const text: unknown = JSON.parse(json)
    return typeof text === 'string' ? text : undefined
  } catch {
    return undefined // counted by the caller
  }
}

function readRecord(fields: JsonObject, data: string): BusRecord | 'malformed' | 'unknown' {
  switch (fields['t']) {
    case 'e':
      return readEvent(fields, data)
    case 'm':
      return readMember(fields)
    case 'n':
      return readCount(fields)
    case 'x': {
      const { a: appId, u: userId } = fields
      if (typeof appId !== 'string' || typeof userId !== 'string') return 'malformed'
      return { type: 'terminate', appId, userId }
    }
    case 'q': {
      const { i: id, q: question } = fields
      // It becomes part of a key.
      if (typeof id !== 'string' || !/^[\da-f]{1,64}$/.test(id)) return 'malformed'
      return { type: 'question', id, question }
    }
    default:
      return 'unknown'
  }
}

function readEvent(fields: JsonObject, data: string): EventRecord | 'malformed' {
  const { a: appId, c: channels, e: event, x: exceptSocketId, u: userId, s: source } = fields
  if (typeof appId !== 'string' || typeof event !== 'string' || !Array.isArray(channels)) {
    return 'malformed'
  }
  if (!channels.every((channel) => typeof channel === 'string')) return 'malformed'
  if (exceptSocketId !== undefined && typeof exceptSocketId !== 'string') return 'malformed'
  if (userId !== undefined && typeof userId !== 'string') return 'malformed'
  if (source !== 'http' && source !== 'client') return 'malformed'
  const text = fields['j'] === 1 ? textIn(data) : data
  if (text === undefined) return 'malformed'
  return { type: 'event', appId, channels, event, data: text, exceptSocketId, userId, source }
}

function readMember(fields: JsonObject): MemberRecord | 'malformed' {
  const { a: appId, c: channel, k: kind, u: userId, i: info, p: before, s: number, g } = fields
  if (typeof appId !== 'string' || typeof channel !== 'string' || typeof userId !== 'string') {
    return 'malformed'
  }
  if (typeof before !== 'number' || typeof number !== 'number' || typeof g !== 'string') {
    return 'malformed'
  }
  if (kind !== '+' && kind !== '-') return 'malformed'
  const userInfo = typeof info === 'string' ? info : 'null'
  const change = kind === '+' ? 'added' : 'removed'
  return {
    type: 'member',
    appId,
    channel,
    change,
    userId: fromRedis(userId),
    userInfo,
    before,
    number,
    generation: g,
  }
}

function readCount(fields: JsonObject): CountRecord | 'malformed' {
  const { a: appId, c: channel, n: count, s: number } = fields
  if (typeof appId !== 'string' || typeof channel !== 'string') return 'malformed'
  if (typeof count !== 'number' || typeof number !== 'number') return 'malformed'
  return { type: 'count', appId, channel, count, number }
}
